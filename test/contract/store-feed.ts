import { expect, test } from 'vitest';
import { collect } from '../fixture/collect.ts';
import { anyBatch } from '../fixture/stored-batch.ts';
import { type OpenStore, placeOf, put, soon, summaries } from './open-store.ts';

/** The feed, and that tenants are apart in it and in everything else. */
export function feedContract(store: () => OpenStore): void {
  test('what one tenant has, no other sees, however alike their ids are', async () => {
    const tenants = ['a', 'a-1', 'a.b', 'aa', 'A', 'calendar', 'feed'];
    const batches = tenants.map((tenant) => anyBatch({ tenant }));
    store().clock.now = Date.parse('2026-03-02T00:00:00.000Z');
    await put(store(), batches);
    await store().writer.appendFeed(batches, 'shared', soon());
    for (const [i, tenant] of tenants.entries()) {
      const own = batches[i]?.id;
      expect((await summaries(store(), tenant)).map(({ id }) => id)).toEqual([own]);
      const read = await store().reader.records(tenant, batches.map(placeOf));
      expect(read.map(({ key }) => key.slice(25))).toEqual([own]);
      const asked = await store().reader.stored(tenant, [1], batches, 30);
      expect(asked.indexOf(true)).toBe(i);
      expect(asked.lastIndexOf(true)).toBe(i);
      const query = { day: '2026-03-02', shard: 0, after: '', before: '9', limit: 10 };
      const { items } = await store().reader.feed(tenant, query);
      expect(items.flatMap(({ entries }) => entries).map(({ id }) => id)).toEqual([own]);
      for (const kind of ['batches', 'feed'] as const) {
        const range = { kind, from: '0000', to: '9999', order: 'asc' } as const;
        expect(await collect(store().reader.days(tenant, range))).toHaveLength(1);
      }
    }
  });

  test('the feed has an entry for each batch, in stored order, between two keys, page by page', async () => {
    const tenant = 'feed-order';
    const [day, before] = ['2026-03-02', '2026-03-02T00:00:05.000Z'];
    const batches = Array.from({ length: 6 }, () => anyBatch({ tenant }));
    for (const [i, batch] of batches.entries()) {
      store().clock.now = Date.parse(`${day}T00:00:00.000Z`) + i * 1000;
      await store().writer.appendFeed([batch], `call-${i}`, soon());
    }
    const keys = batches.map((_, i) => `${day}T00:00:0${i}.000Z#call-${i}`);
    const feed = (after: string, limit: number) =>
      store().reader.feed(tenant, { day, shard: 0, after, before, limit });

    const all = await feed('', 100);
    expect(all.items.map(({ key }) => key)).toEqual(keys.slice(0, 5)); // not what is stamped `before`
    const { to, id, shard, client, producer, seq, prev, count, fin } = anyBatch(batches[0]);
    expect(all.items[0]?.entries).toEqual([
      { to, id, shard, client, producer, seq, prev, count, fin },
    ]);
    for (const limit of [1, 2, 5]) {
      const paged: string[] = [];
      for (let more = true, after = ''; more; after = paged.at(-1) ?? '') {
        const page = await feed(after, limit);
        expect(page.items.length).toBeLessThanOrEqual(limit);
        paged.push(...page.items.map(({ key }) => key));
        more = page.more;
      }
      expect(paged).toEqual(keys.slice(0, 5));
    }
    expect((await feed(keys[4] ?? '', 10)).items).toEqual([]);
    expect((await feed(`${day}T00:00:02.000Z`, 10)).items[0]?.key).toBe(keys[2]);
  });

  test('what one invocation stored is in the feed at once, each tenant and shard apart', async () => {
    store().clock.now = Date.parse('2026-03-03T00:00:00.000Z');
    const batches = [0, 1, 1].map((shard) => anyBatch({ tenant: 'lanes', shard }));
    await store().writer.appendFeed([...batches, anyBatch({ tenant: 'lanes-2' })], 'once', soon());
    for (const [shard, ids] of [[batches[0]?.id], [batches[1]?.id, batches[2]?.id]].entries()) {
      const query = { day: '2026-03-03', shard, after: '', before: '2026-03-04', limit: 10 };
      const { items, more } = await store().reader.feed('lanes', query);
      expect(items.map(({ entries }) => entries.map(({ id }) => id))).toEqual([ids]);
      expect(more).toBe(false);
    }
    const range = { kind: 'feed', from: '2026-03-03', to: '2026-03-03', order: 'asc' } as const;
    const [day] = await collect(store().reader.days('lanes', range));
    expect([...(day?.shards ?? [])].sort()).toEqual([0, 1]);
  });

  test('more entries than fit into one feed item are all there', async () => {
    store().clock.now = Date.parse('2026-03-05T00:00:00.000Z');
    const longest = {
      tenant: 'long-feed',
      client: 'c'.repeat(64),
      seq: Number.MAX_SAFE_INTEGER,
      shard: 1023,
      count: 1000,
    };
    const batches = Array.from({ length: 2100 }, () => anyBatch(longest));
    await store().writer.appendFeed(batches, 'long', soon());
    const ids = new Set<string>();
    for (let more = true, after = ''; more; ) {
      const query = { day: '2026-03-05', shard: 1023, after, before: '2026-03-06', limit: 1 };
      const page = await store().reader.feed('long-feed', query);
      for (const { id } of page.items.flatMap(({ entries }) => entries)) ids.add(id);
      after = page.items.at(-1)?.key ?? '';
      more = page.more;
    }
    expect(ids.size).toBe(2100);
  });
}
