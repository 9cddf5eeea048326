import { expect, test } from 'vitest';
import { collect } from '../fixture/collect.ts';
import { anyBatch } from '../fixture/stored-batch.ts';
import { keyOf, type OpenStore, put, summaries } from './open-store.ts';

/** Days and summaries, in both orders. A tenant for each test. */
export function scansContract(store: () => OpenStore): void {
  test('days are listed in both orders, within a range, with the shards that each has', async () => {
    const at = (day: string, shard: number) =>
      anyBatch({ tenant: 'days', to: `${day}T08:00:00.000Z`, shard });
    await put(store(), [
      at('2026-01-31', 0),
      at('2026-02-01', 10),
      at('2026-02-01', 2),
      at('2026-02-01', 2),
      at('2027-01-01', 0),
    ]);
    const days = async (from: string, to: string, order: 'asc' | 'desc') => {
      const all = await collect(store().reader.days('days', { kind: 'batches', from, to, order }));
      return all.map(({ day, shards }) => [day, [...shards].sort((a, b) => a - b)]);
    };
    const all = [
      ['2026-01-31', [0]],
      ['2026-02-01', [2, 10]],
      ['2027-01-01', [0]],
    ];
    expect(await days('2000-01-01', '2099-12-31', 'asc')).toEqual(all);
    expect(await days('2000-01-01', '2099-12-31', 'desc')).toEqual(all.toReversed());
    expect(await days('2026-02-01', '2027-01-01', 'asc')).toEqual(all.slice(1));
    expect(await days('2026-01-31', '2026-02-01', 'desc')).toEqual([all[1], all[0]]);
    expect(await days('2026-02-02', '2026-12-31', 'asc')).toEqual([]);
  });

  test('more days than a page holds are listed once each', async () => {
    const dayMs = 86_400_000;
    const batches = Array.from({ length: 230 }, (_, i) =>
      anyBatch({
        tenant: 'years',
        to: new Date(Date.parse('2020-01-01') + i * dayMs).toISOString(),
        shard: i % 3,
      }),
    );
    await put(
      store(),
      batches.flatMap((batch) => [batch, { ...batch, shard: batch.shard + 1 }]),
    );
    const range = {
      kind: 'batches',
      from: '2020-01-01',
      to: '2021-01-01',
      order: 'desc',
    } as const;
    const days = await collect(store().reader.days('years', range));
    expect(days.map(({ day }) => day)).toEqual(
      batches.map(({ to }) => to.slice(0, 10)).toReversed(),
    );
    expect(days.every(({ shards }) => shards.length === 2)).toBe(true);
  });

  test('summaries come by sort key, in both orders, from a key on or after it, for any page size', async () => {
    const times = ['00', '07', '07', '09', '23'].map((h) => `2026-03-01T${h}:00:00.000Z`);
    const batches = times.map((to) => anyBatch({ tenant: 'order', to }));
    await put(store(), [...batches, anyBatch({ tenant: 'order', shard: 1 })]);
    const keys = batches.map(keyOf).sort();
    for (const order of ['asc', 'desc'] as const) {
      const sorted = order === 'asc' ? keys : keys.toReversed();
      for (const limit of [1, 2, 100]) {
        const from = async (start: { key: string; inclusive: boolean } | undefined) =>
          (await summaries(store(), 'order', { order, limit, start })).map(({ key }) => key);
        expect(await from(undefined)).toEqual(sorted);
        for (const [i, key] of sorted.entries()) {
          expect(await from({ key, inclusive: true })).toEqual(sorted.slice(i));
          expect(await from({ key, inclusive: false })).toEqual(sorted.slice(i + 1));
        }
        expect(await from({ key: '2026-03-01T08', inclusive: true })).toEqual(
          sorted.filter((key) => (order === 'asc' ? key > '2026-03-01T08' : key < '2026-03-01T08')),
        );
      }
    }
  });

  test('a summary tells of its batch what a reader chooses by', async () => {
    const full = anyBatch({
      tenant: 'summary',
      from: '2026-03-01T11:59:00.001Z',
      faults: [[1, 'schema']],
      terms: Buffer.from([0, 1, 127, 128, 255]),
    });
    const bare = anyBatch({
      tenant: 'summary',
      shard: 3,
      terms: undefined,
      prev: null,
      fin: true,
    });
    await put(store(), [full, bare]);
    const [first] = await summaries(store(), 'summary');
    expect({ ...first, terms: Buffer.from(first?.terms ?? []) }).toEqual({
      shard: 0,
      key: keyOf(full),
      id: full.id,
      to: Date.parse(full.to),
      from: Date.parse(full.from),
      terms: full.terms,
      hasFaults: true,
      counts: full.counts,
      client: full.client,
      producer: full.producer,
      seq: full.seq,
      arrival: full.arrival,
      grant: full.grant,
      expires: full.expires,
    });
    const [other] = await summaries(store(), 'summary', { shard: 3 });
    expect(other).toMatchObject({ id: bare.id, terms: undefined, hasFaults: false });
  });
}
