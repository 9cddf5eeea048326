import { expect, test } from 'vitest';
import { shardOf } from '../../src/store/keys.ts';
import { anyBatch } from '../fixture/stored-batch.ts';
import { keyOf, type OpenStore, placeOf, put, summaries } from './open-store.ts';

/** Inserting batches, and reading their records back. A tenant for each test. */
export function batchesContract(store: () => OpenStore, hasItemLimit: boolean): void {
  test('a batch inserted twice is one row, and the second is told that it was there', async () => {
    const batch = anyBatch({ tenant: 'twice' });
    expect(await put(store(), [batch])).toEqual(['stored']);
    expect(await put(store(), [{ ...batch, arrival: 1, source: 'later' }])).toEqual(['present']);
    expect(await summaries(store(), 'twice')).toHaveLength(1);
    const [read] = await store().reader.records('twice', [placeOf(batch)]);
    expect(read?.arrival).toBe(batch.arrival); // the first one stays
  });

  test('twins inside one call are one row, and their neighbours are unharmed', async () => {
    const [batch, other] = [anyBatch({ tenant: 'twins' }), anyBatch({ tenant: 'twins' })];
    const outcomes = await put(store(), [batch, other, { ...batch, arrival: 9 }, batch]);
    expect(outcomes).toEqual(['stored', 'stored', 'stored', 'stored']);
    expect(await summaries(store(), 'twins')).toHaveLength(2);
  });

  test('of the same batch inserted by many at once, there is one row, stored by one', async () => {
    const batch = anyBatch({ tenant: 'race' });
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => put(store(), [batch])));
    expect(outcomes.flat().sort()).toEqual([...Array(9).fill('present'), 'stored']);
    expect(await summaries(store(), 'race')).toHaveLength(1);
  });

  test.skipIf(!hasItemLimit)(
    'a batch that cannot be stored does not hurt its neighbours',
    async () => {
      const tenant = 'neighbours';
      const large = anyBatch({ tenant, record: Buffer.alloc(450 * 1024, 1) });
      const outcomes = await put(store(), [anyBatch({ tenant }), large, anyBatch({ tenant })]);
      expect(outcomes).toEqual(['stored', 'failed', 'stored']);
      expect(await summaries(store(), tenant)).toHaveLength(2);
    },
  );

  test('more batches than one call takes are all stored', async () => {
    const batches = Array.from({ length: 130 }, () => anyBatch({ tenant: 'many' }));
    expect(new Set(await put(store(), batches))).toEqual(new Set(['stored']));
    expect(await summaries(store(), 'many', { limit: 7 })).toHaveLength(130);
    const records = await store().reader.records('many', batches.map(placeOf));
    expect(new Set(records.map(({ key }) => key))).toEqual(new Set(batches.map(keyOf)));
  });

  test('a record is read back byte for byte', async () => {
    const tenant = 'bytes';
    const every = Buffer.from(Array.from({ length: 1024 }, (_, i) => (i * 7) & 255));
    const largest = Buffer.alloc(256 * 1024, every);
    for (const record of [Buffer.from([0]), every, largest]) {
      const batch = anyBatch({ tenant, record });
      expect(await put(store(), [batch])).toEqual(['stored']);
      const [read] = await store().reader.records(tenant, [placeOf(batch)]);
      expect(read?.record.equals(record)).toBe(true);
      expect(read).toMatchObject({
        key: keyOf(batch),
        arrival: batch.arrival,
        expires: batch.expires,
      });
    }
  });

  test('records that are not there are left out', async () => {
    const batch = anyBatch({ tenant: 'missing' });
    await put(store(), [batch]);
    const wanted = [placeOf(anyBatch()), placeOf(batch), { ...placeOf(batch), shard: 1 }];
    const read = await store().reader.records('missing', wanted);
    expect(read.map(({ key }) => key)).toEqual([keyOf(batch)]);
    expect(await store().reader.records('missing', [])).toEqual([]);
  });

  test('which batches are stored is answered for each, in the order of the question', async () => {
    const tenant = 'stored';
    const all = Array.from({ length: 120 }, () => anyBatch({ tenant }));
    const batches = all.map((batch) => ({ ...batch, shard: shardOf(batch.id, 4) }));
    await put(
      store(),
      batches.filter((_, i) => i % 3 === 0),
    );
    const asked = [...batches, ...batches.slice(0, 2)];
    const expected = [...batches.map((_, i) => i % 3 === 0), true, false];
    expect(await store().reader.stored(tenant, [4], asked)).toEqual(expected);
    expect(await store().reader.stored(tenant, [4], [])).toEqual([]);
    expect(await store().reader.stored('somebody', [4], batches)).not.toContain(true);
  });

  test('a batch is found under each count of shards that is asked for, and under no other', async () => {
    const tenant = 'reshaped';
    const of = (count: number) => {
      const batches = Array.from({ length: 8 }, () => anyBatch({ tenant }));
      return batches.map((batch) => ({ ...batch, shard: shardOf(batch.id, count) }));
    };
    const [three, seven] = [of(3), of(7)];
    await put(store(), [...three, ...seven]);
    const all = [...three, ...seven];
    expect(await store().reader.stored(tenant, [16, 3, 7], all)).not.toContain(false);
    const underSeven = await store().reader.stored(tenant, [7], all);
    expect(underSeven).toEqual(all.map(({ id, shard }) => shardOf(id, 7) === shard));
  });
}
