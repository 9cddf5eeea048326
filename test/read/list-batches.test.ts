import { expect, test } from 'vitest';
import { type BundleEntry, readBundle } from '../../src/domain/bundle.ts';
import { signer } from '../fixture/batches.ts';
import { event, line, lines } from '../fixture/events.ts';
import { issuerOf } from '../fixture/issued.ts';
import { type Answer, now, readHarness } from './harness.ts';

const issuer = issuerOf();

function open() {
  const api = readHarness();
  const client = (over: Parameters<typeof issuer.grant>[1] = {}) => {
    const who = signer();
    api.grants.set(who.grantId, issuer.grant(who, over));
    return who;
  };
  return { api, client };
}

async function entriesOf(bytes: Buffer): Promise<BundleEntry[]> {
  async function* once() {
    yield bytes;
  }
  return Array.fromAsync(readBundle(once()));
}

/** All pages from a question on. */
async function pages(api: ReturnType<typeof readHarness>, query: string) {
  const found: Answer[] = [];
  for (let next: string | undefined = query; next !== undefined; ) {
    const page: Answer = await api.batches(next);
    expect(page.status).toBe(200);
    found.push(page);
    next = /^<\?([^>]+)>; rel="next"/.exec(String(page.headers['link']))?.[1];
  }
  return found;
}

const isBatch = (entry: BundleEntry) => entry.kind === 'batch';
const idsOf = (entries: readonly BundleEntry[]) =>
  entries.flatMap((entry) => (entry.kind === 'batch' ? [entry.batch.batch] : []));

test('batches come whole, byte for byte, in order, and behind the grant that they were sealed under', async () => {
  const { api, client } = open();
  const [a, b] = [client(), client()];
  const added = [
    await api.add(a, lines(now, 3)),
    await api.add(b, lines(now + 1000, 3)),
    await api.add(a, lines(now + 2000, 3), { seq: 1, prev: 'A'.repeat(43) }),
  ];
  const [page, ...more] = await pages(api, '');
  expect(more).toEqual([]);
  const entries = await entriesOf(page?.bytes ?? Buffer.of());
  expect(entries.map(({ kind }) => kind)).toEqual(['grant', 'batch', 'grant', 'batch', 'batch']);
  for (const [i, entry] of entries.filter(isBatch).entries())
    expect(
      entry.kind === 'batch' && entry.batch.record.equals(added[i]?.record ?? Buffer.of()),
    ).toBe(true);
});

test('a range holds each batch that has an event in it, and no other', async () => {
  const { api, client } = open();
  const who = client();
  const around = await api.add(who, [line(event(now)), line(event(now + 60_000))]);
  const before = await api.add(who, lines(now, 1), { seq: 1, prev: 'A'.repeat(43) });
  const behind = await api.add(who, lines(now + 30_001, 1), { seq: 2, prev: 'A'.repeat(43) });
  const within = async (from: number, to: number) => {
    const range = [from, to].map((ms) => new Date(ms).toISOString());
    const all = await pages(api, `from=${range[0]}&to=${range[1]}`);
    return idsOf((await Promise.all(all.map(({ bytes }) => entriesOf(bytes)))).flat());
  };
  expect(await within(now, now + 1)).toEqual([before.id, around.id]);
  expect(await within(now + 1, now + 30_001)).toEqual([around.id]);
  expect(await within(now + 1, now + 30_002)).toEqual([behind.id, around.id]);
  expect(await within(now + 60_001, now + 90_000)).toEqual([]);
});

test('the last batch of a producer, which has no events, is there too', async () => {
  const { api, client } = open();
  const who = client();
  await api.add(who, lines(now, 1));
  const fin = await api.add(who, [], { seq: 1, prev: 'A'.repeat(43), fin: true, sealed: now + 5 });
  const [page] = await pages(api, '');
  expect(idsOf(await entriesOf(page?.bytes ?? Buffer.of()))).toContain(fin.id);
});

test('pages are bounded by bytes, and give every batch of all shards and days once', async () => {
  const { api, client } = open();
  const who = client({ shards: 4 });
  const note = 'x'.repeat(60_000);
  const added: string[] = [];
  for (let seq = 0; seq < 60; seq++) {
    const of = [0, 1, 2].map((n) =>
      line(event(now + seq * 3_600_000 + n, { reason: '', metadata: { note } })),
    );
    const { id } = await api.add(who, of, {
      seq,
      prev: seq === 0 ? null : 'A'.repeat(43),
      enc: 'identity',
    });
    added.push(id);
  }
  api.clock.now = now + 70 * 3_600_000;
  const all = await pages(api, '');
  expect(all.length).toBeGreaterThan(3);
  for (const { bytes } of all) expect(bytes.length).toBeLessThan(2.5 * 1024 * 1024);
  const entries = (await Promise.all(all.map(({ bytes }) => entriesOf(bytes)))).flat();
  expect(idsOf(entries)).toEqual(added);
});

test('what retention has taken is not given', async () => {
  const { api, client } = open();
  await api.add(client({ retentionDays: 1 }), lines(now, 1));
  api.clock.now = now + 86_400_000;
  const [page] = await pages(api, '');
  expect(page?.bytes.length).toBe(0);
});

test('a batch of another tenant is never given, and one that was altered neither', async () => {
  const { api, client } = open();
  await api.add(client({ tenant: 'globex' }), lines(now, 1));
  expect((await api.batches()).bytes.length).toBe(0);
  const batch = await api.add(client(), lines(now, 1));
  batch.record.write('X', batch.record.indexOf('refunded'));
  const { status, headers, bytes } = await api.batches();
  expect([status, bytes.length]).toEqual([200, 0]);
  expect(decodeURIComponent(String(headers['sealtrail-holes']))).toBe(`${batch.to}#${batch.id}#0`);
});

test.each([
  ['limit=1', 400],
  ['from=2026-03-02&to=2026-03-01', 400],
  ['after=x', 400],
  ['after=2026-03-01&after=2026-03-02', 400],
  ['tenant=globex', 403],
])('%s is refused', async (query, status) => {
  expect((await open().api.batches(query)).status).toBe(status);
});

test('batches that the feed speaks of are given by name, and none of another tenant', async () => {
  const { api, client } = open();
  const who = client();
  const added = [await api.add(who, lines(now, 2)), await api.add(who, lines(now, 3))];
  const foreign = await api.add(client({ tenant: 'globex' }), lines(now, 1));
  const named = (batches: readonly { to: string; id: string }[]) =>
    batches.map(({ to, id }) => `batch=${encodeURIComponent(`${to}#${id}#0`)}`).join('&');
  const { bytes } = await api.batches(named([...added.toReversed(), foreign]));
  expect(idsOf(await entriesOf(bytes))).toEqual(added.toReversed().map(({ id }) => id));
  expect((await api.batches(named(Array(16).fill(foreign)))).status).toBe(400);
  expect((await api.batches('batch=x')).status).toBe(400);
  expect((await api.batches(`${named(added)}&from=2026-03-01`)).status).toBe(400);
});

test('a key that may not read reads no batches', async () => {
  expect((await open().api.batches('', { key: 'writer' })).status).toBe(403);
});
