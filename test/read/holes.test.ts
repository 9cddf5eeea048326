import { expect, test } from 'vitest';
import { readBundle } from '../../src/domain/bundle.ts';
import { type EventPage, pageEvents } from '../../src/read/page-events.ts';
import type { Position } from '../../src/read/position.ts';
import type { StoredBatch } from '../../src/store/batch-store.ts';
import { MemoryStore } from '../fake/memory-store.ts';
import { signer } from '../fixture/batches.ts';
import { event, line } from '../fixture/events.ts';
import { issuerOf } from '../fixture/issued.ts';
import { grantFor, storedBatch } from '../fixture/stored.ts';
import { anyBatch } from '../fixture/stored-batch.ts';
import { now, readHarness } from './harness.ts';

const dayMs = 86_400_000;
const issuer = issuerOf();

/** A log of five events, and rows among them that nobody sealed, as a role that inserts could make them. */
async function setUp() {
  const api = readHarness();
  const who = api.client({ shards: 2 });
  api.grants.set(who.grantId, issuer.grant(who, { shards: 2 }));
  const events = Array.from({ length: 5 }, (_, i) => event(now - i * dayMs));
  const real: StoredBatch[] = [];
  for (const [seq, it] of events.entries())
    real.push(await api.add(who, [line(it)], { seq, prev: seq === 0 ? null : 'A'.repeat(43) }));
  const foreign = api.client({ tenant: 'globex' });
  const of = (over: Partial<StoredBatch>) => anyBatch({ terms: undefined, ...over });
  const [first, second] = real as [StoredBatch, StoredBatch];
  const alien = storedBatch([line(event(now))], { who: foreign, grant: grantFor(foreign) });
  const forged = [
    of({ to: '2026-03-01T11:00:00.000Z', record: Buffer.from('garbage') }),
    of({ to: '2026-02-28Tgarbage', id: 'garbage' }),
    of({ to: '2026-02-27T00:00:00.000Z', record: Buffer.alloc(0), counts: '{"x":', arrival: 1 }),
    // The record of another batch, of another tenant, and of the same batch without its arrival.
    of({ to: '2026-02-26T03:00:00.000Z', record: first.record }),
    { ...alien, tenant: 'acme' },
    { ...second, shard: 1 - second.shard, arrival: Number.NaN },
  ];
  await api.store.insert(forged);
  return { api, events, names: forged.map(({ to, id, shard }) => `${to}#${id}#${shard}`) };
}

test.each(['desc', 'asc'])(
  'rows that nobody sealed are named, each once, and hide no event, on pages of any size (%s)',
  async (order) => {
    const { api, events, names } = await setUp();
    for (const limit of [1, 2, 100]) {
      const ids: string[] = [];
      const holes: string[] = [];
      for (let query: string | undefined = `order=${order}&limit=${limit}`; query !== undefined; ) {
        const { status, body } = await api.list(query);
        expect(status).toBe(200);
        ids.push(...body.events.map(({ event }: { event: { id: string } }) => event.id));
        holes.push(...(body.holes ?? []).map(({ batch }: { batch: string }) => batch));
        query =
          body.next === null ? undefined : `order=${order}&limit=${limit}&cursor=${body.next}`;
      }
      const wanted = events.map(({ id }) => id);
      expect(ids).toEqual(order === 'asc' ? wanted.toReversed() : wanted);
      expect(holes.toSorted()).toEqual(names.toSorted());
    }
    expect(api.counted('IntegrityErrors')).toBeGreaterThanOrEqual(3 * names.length);
  },
);

test('every form of a page names them, and a viewer is told that there are some', async () => {
  const { api, events, names } = await setUp();
  const lines = (await api.list('', { accept: 'application/x-ndjson' })).text.trimEnd().split('\n');
  const holes = lines.map((text) => JSON.parse(text).sealtrail?.hole).filter(Boolean);
  expect(holes.map(({ batch }) => batch).sort()).toEqual(names.toSorted());
  expect(lines).toHaveLength(events.length + names.length);
  const csv = (await api.list('', { accept: 'text/csv' })).text;
  for (const name of names) expect(csv).toContain(`,${name},,integrity-broken,`);
  const { body } = await api.viewerToken({ filter: { actor: 'u_17' }, from: '-30d' });
  const seen = await api.list('', { key: body.token });
  expect(seen.body.events).toHaveLength(events.length);
  expect(seen.body.holes).toEqual(names.map(() => ({ code: 'integrity-broken' })));
});

test('a bundle leaves them out and names them, page by page and by name', async () => {
  const { api, events, names } = await setUp();
  const { status, headers, bytes } = await api.batches();
  expect(status).toBe(200);
  const said = String(headers['sealtrail-holes']).split(',').map(decodeURIComponent);
  expect(said.sort()).toEqual(names.toSorted());
  async function* once() {
    yield bytes;
  }
  const entries = await Array.fromAsync(readBundle(once()));
  expect(entries.filter(({ kind }) => kind === 'batch')).toHaveLength(events.length);
  const alone = await api.batches(`batch=${encodeURIComponent(names[0] ?? '')}`);
  expect(alone.bytes).toHaveLength(0);
  expect(decodeURIComponent(String(alone.headers['sealtrail-holes']))).toBe(names[0]);
  expect(api.counted('IntegrityErrors')).toBe(names.length + 1);
});

test('counts go on, and say what they leave out', async () => {
  const { api, events, names } = await setUp();
  const { status, body } = await api.stats('by=action&exact=true&actor=u_17');
  expect(status).toBe(200);
  expect(body.count).toBe(events.length);
  expect(body.reasons).toContainEqual({ code: 'holes', count: names.length });
  expect(body.holes).toHaveLength(names.length);
  // Two rows have counts or times that cannot be read: they are opened, whether or not that is asked for.
  expect((await api.stats('by=action')).body.reasons).toContainEqual({ code: 'holes', count: 2 });
});

test('an event that is there is given, although a row over its millisecond was not sealed', async () => {
  const { api, events } = await setUp();
  const [it] = events;
  await api.store.insert([
    anyBatch({ to: '2026-03-01T12:00:00.001Z', from: '2026-03-01T12:00:00.000Z' }),
  ]);
  const { status, body } = await api.one(it?.id ?? '');
  expect([status, body.event]).toEqual([200, it]);
  expect(body.holes).toHaveLength(2);
  expect((await api.proof(it?.id ?? '')).status).toBe(200);
});

test('thousands of such rows make pages short, and no page fails or comes again', async () => {
  const api = readHarness();
  const it = event(now - dayMs);
  await api.add(api.client(), [line(it)]);
  await api.store.insert(
    Array.from({ length: 1200 }, (_, i) =>
      anyBatch({
        to: new Date(now - i).toISOString(),
        record: Buffer.from('x'),
        ...(i % 2 === 0 ? {} : { to: `2026-03-01T0${i}` }),
      }),
    ),
  );
  const holes: string[] = [];
  const ids: string[] = [];
  let pages = 0;
  for (let query: string | undefined = 'order=desc'; query !== undefined; pages++) {
    const { body } = await api.list(query);
    holes.push(...(body.holes ?? []).map(({ batch }: { batch: string }) => batch));
    ids.push(...body.events.map(({ event }: { event: { id: string } }) => event.id));
    query = body.next === null ? undefined : `order=desc&cursor=${body.next}`;
  }
  expect([holes.length, new Set(holes).size, ids]).toEqual([1200, 1200, [it.id]]);
  expect(pages).toBeLessThan(10);
  // An export leads on through the same rows.
  let exported = 0;
  for (let query: string | undefined = ''; query !== undefined; ) {
    const page = await api.batches(query);
    expect(page.status).toBe(200);
    exported += String(page.headers['sealtrail-holes'] ?? '')
      .split(',')
      .filter(Boolean).length;
    query = /^<\?([^>]+)>; rel="next"/.exec(String(page.headers['link']))?.[1];
  }
  expect(exported).toBe(1200);
});

test.each(['desc', 'asc'])(
  'a row that is met while batches around it are half given is named once (%s)',
  async (order) => {
    const api = readHarness();
    const times = [0, 10_000, 20_000, 30_000, 40_000, 59_000];
    await api.add(
      api.client(),
      times.map((ms) => line(event(now + ms))),
    );
    const forged = anyBatch({ to: new Date(now + 59_500).toISOString(), terms: undefined });
    const before = anyBatch({ to: new Date(now + 30_000).toISOString(), terms: undefined });
    await api.store.insert([forged, before]);
    const holes: string[] = [];
    let given = 0;
    for (let query: string | undefined = `order=${order}&limit=1`; query !== undefined; ) {
      const { body } = await api.list(query);
      given += body.events.length;
      holes.push(...(body.holes ?? []).map(({ batch }: { batch: string }) => batch));
      query = body.next === null ? undefined : `order=${order}&limit=1&cursor=${body.next}`;
    }
    expect(given).toBe(times.length);
    expect(holes.sort()).toEqual([before, forged].map(({ to, id }) => `${to}#${id}#0`));
  },
);

test.each(['desc', 'asc'] as const)(
  'a row of the same key in another shard hides no event, wherever the budget ends (%s)',
  async (order) => {
    const store = new MemoryStore();
    const who = signer();
    const grant = grantFor(who, { shards: 2 });
    const batches = [0, 1, 2, 3].map((i) =>
      storedBatch([line(event(now + 70_000 * i))], { who, grant }),
    );
    await store.insert(batches);
    await store.insert(
      batches.map((batch) => ({ ...batch, shard: 1 - batch.shard, record: Buffer.from('x') })),
    );
    const ids = new Set<string>();
    let holes = 0;
    let pages = 0;
    for (let position: Position | undefined = {}; position !== undefined && pages < 100; pages++) {
      const page: EventPage = await pageEvents(
        { tenant: 'acme', from: 0, to: now + 1e7, order, filter: [], limit: 10, position },
        {
          reader: store,
          grants: async () => new Map([[who.grantId, grant]]),
          budget: { summaries: 1, bytes: 1, answerBytes: 1, deadline: Number.POSITIVE_INFINITY },
          now: () => now,
        },
      );
      for (const { id } of page.events) ids.add(id);
      holes += page.holes.length;
      position = page.next;
    }
    expect([ids.size, holes]).toEqual([4, 4]);
    expect(pages).toBeLessThan(100);
  },
);
