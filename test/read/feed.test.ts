import { expect, test } from 'vitest';
import { feedLagMs, readFeed } from '../../src/store/feed.ts';
import { MemoryStore } from '../fake/memory-store.ts';
import { lines } from '../fixture/events.ts';
import { anyBatch } from '../fixture/stored-batch.ts';
import { now, readHarness } from './harness.ts';

test('the feed is given up to 30 s ago, and its cursor leads on for ever', async () => {
  const api = readHarness();
  const [early, late] = [anyBatch(), anyBatch()];
  await api.store.appendFeed([early], 'one');
  api.clock.now = now + 10_000;
  await api.store.appendFeed([late], 'two');

  api.clock.now = now + feedLagMs;
  let answer = (await api.feed()).body;
  expect(answer).toMatchObject({ batches: [], upTo: '2026-03-01T12:00:00.000Z' });
  api.clock.now += 1;
  answer = (await api.feed(`cursor=${answer.next}`)).body;
  expect(answer.batches).toMatchObject([
    { stored: '2026-03-01T12:00:00.000Z', id: early.id, seq: 7 },
  ]);
  api.clock.now += 400 * 86_400_000;
  answer = (await api.feed(`cursor=${answer.next}`)).body;
  expect(answer.batches).toMatchObject([{ id: late.id, client: 'billing', count: 3, fin: false }]);
  answer = (await api.feed(`cursor=${answer.next}`)).body;
  expect(answer.batches).toEqual([]);
});

test('asked again within the millisecond, or by a clock that is behind, it has nothing and stays', async () => {
  const api = readHarness();
  await api.store.appendFeed([anyBatch()], 'one');
  api.clock.now += 60_000; // on the same day: there is a feed to ask
  const end = (await api.feed(`cursor=${(await api.feed()).body.next}`)).body.next;
  for (const behind of [0, 1, 86_400_000]) {
    api.clock.now -= behind;
    const { status, body } = await api.feed(`cursor=${end}`);
    expect(status).toBe(200);
    expect(body.batches).toEqual([]);
    expect(body.next).toBe(end);
  }
});

test('its cursor is bound to its tenant and its kind; wrong parameters are refused', async () => {
  const api = readHarness();
  const next = (await api.feed()).body.next as string;
  expect((await api.feed(`cursor=${next}`, { key: 'key-of-globex' })).status).toBe(404);
  expect((await api.feed(`cursor=${next}&tenant=globex`, { key: 'key-of-all' })).status).toBe(404);
  expect((await api.feed(`cursor=A${next.slice(1)}`)).status).toBe(400);
  for (const query of ['limit=0', 'limit=1001', 'limit=-1', 'actor=x', 'limit=1&limit=2'])
    expect(await api.feed(query)).toMatchObject({ status: 400, body: { code: 'request-invalid' } });
  expect((await api.list(`cursor=${next}`)).status).toBe(400);
});

test('what one invocation stored in several shards is never torn apart', async () => {
  const store = new MemoryStore(() => now);
  const batches = Array.from({ length: 6 }, (_, shard) => anyBatch({ shard }));
  await store.appendFeed(batches, 'one');
  await store.appendFeed(batches, 'two');
  const read = (after: string) =>
    readFeed(store, { tenant: 'acme', after, limit: 1, now: now + 60_000 });
  const first = await read('');
  expect(first.items.map(({ key }) => key.split('#')[1])).toEqual(
    Array.from({ length: 6 }, () => 'one'),
  );
  const second = await read(first.after);
  expect(second.items.map(({ key }) => key.split('#')[1])).toEqual(
    Array.from({ length: 6 }, () => 'two'),
  );
  expect((await read(second.after)).items).toEqual([]);
});

test('a page has about 8,000 entries at most', async () => {
  const store = new MemoryStore(() => now);
  const batches = Array.from({ length: 1000 }, () => anyBatch());
  for (let i = 0; i < 20; i++) await store.appendFeed(batches, `call ${i}`);
  const page = await readFeed(store, { tenant: 'acme', after: '', limit: 1000, now: now + 60_000 });
  expect(page.items).toHaveLength(8);
});

test('a follower may start at a time, and misses nothing that was stored then or later', async () => {
  const api = readHarness();
  const who = api.client();
  for (const seq of [0, 1, 2]) {
    const batch = await api.add(who, lines(now, 1), {
      seq,
      prev: seq === 0 ? null : 'A'.repeat(43),
    });
    await api.store.appendFeed([batch], `invocation-${seq}`);
    api.clock.now += 1000;
  }
  api.clock.now += 60_000;
  const { body } = await api.feed(`since=${new Date(now + 1000).toISOString()}`);
  expect(body.batches.map(({ seq }: { seq: number }) => seq)).toEqual([1, 2]);
  expect((await api.feed('since=yesterday')).status).toBe(400);
});

test('an item that cannot be read is named, and those behind it are given', async () => {
  const api = readHarness();
  const [lost, good] = [anyBatch(), anyBatch()];
  await api.store.appendFeed([lost], 'one');
  await api.store.appendFeed([good], 'two');
  const feed = api.store.feed.bind(api.store);
  api.store.feed = async (...asked) => {
    const page = await feed(...asked);
    const items = page.items.map((item) =>
      item.key.endsWith('#one') ? { ...item, entries: [], isBroken: true as const } : item,
    );
    return { ...page, items };
  };
  api.clock.now += feedLagMs + 1;
  const { status, body } = await api.feed();
  expect(status).toBe(200);
  expect(body.batches).toMatchObject([{ id: good.id }]);
  expect(body.holes).toEqual([{ item: '2026-03-01T12:00:00.000Z#one', code: 'integrity-broken' }]);
  expect(api.counted('IntegrityErrors')).toBe(1);
});

test('a feed is read by keys of each day only: one of a later day would lead followers past all between', async () => {
  const asked: { after: string; before: string }[] = [];
  const reader = {
    async *days() {
      yield { day: '2026-02-27', shards: [0] };
      yield { day: '2026-03-01', shards: [0] };
    },
    feed: async (_: string, { after, before }: { after: string; before: string }) => {
      asked.push({ after, before });
      return { items: [], more: false };
    },
  } as unknown as MemoryStore;
  const until = '2026-03-01T11:59:30.000Z';
  expect(await readFeed(reader, { tenant: 'acme', after: '', limit: 10, now })).toMatchObject({
    after: until,
  });
  expect(asked).toEqual([
    { after: '2026-02-27', before: '2026-02-27~' },
    { after: '2026-03-01', before: until },
  ]);
});
