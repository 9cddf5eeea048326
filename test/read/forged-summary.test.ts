import { expect, test } from 'vitest';
import type { StoredBatch } from '../../src/store/batch-store.ts';
import { event, line } from '../fixture/events.ts';
import { grantFor, storedBatch } from '../fixture/stored.ts';
import { now, readHarness } from './harness.ts';

const dayMs = 86_400_000;
const it = event(now - 2 * dayMs, { action: 'hidden.deed' });
const range = 'from=-3d&to=-1d';

/** A batch that was sealed, in a row with other attributes than the consumer gives it. */
async function setUp(over: Partial<StoredBatch>, retentionDays = 30) {
  const api = readHarness();
  const who = api.client({ retentionDays });
  const grant = grantFor(who, { retentionDays });
  const batch = storedBatch([line(it)], { who, grant });
  await api.store.insert([{ ...batch, ...over }]);
  return { api, batch };
}

test('a row that says it is over, and has no terms, hides nothing from any read', async () => {
  const { api, batch } = await setUp({ expires: 1000, terms: undefined, counts: undefined });
  for (const query of ['', `${range}`, `${range}&action=hidden.deed`, `${range}&order=asc`])
    expect((await api.list(query)).body.events, query).toHaveLength(1);
  expect((await api.one(it.id)).body.event).toEqual(it);
  expect((await api.proof(it.id)).status).toBe(200);
  expect((await api.batches(range)).bytes.includes(batch.id)).toBe(true);
  const named = `batch=${encodeURIComponent(`${batch.to}#${batch.id}#0`)}`;
  expect((await api.batches(named)).bytes.includes(batch.id)).toBe(true);
  expect((await api.stats(`${range}&by=action`)).body.count).toBe(1);
});

test.each<[string, Partial<StoredBatch>]>([
  ['expires', { expires: 1000 }],
  ['expires', { expires: Math.floor(now / 1000) }],
  ['terms', { terms: Buffer.alloc(8) }],
  ['terms', { terms: undefined }],
  ['counts', { counts: undefined }],
  ['counts', { counts: '{"hidden.deed":[2]}' }],
  ['counts', { counts: 'x' }],
  ['from', { from: '2026-02-27T12:00:00.001Z' }],
  ['client', { client: 'shop' }],
  ['producer', { producer: '018bcfe5-6800-7000-8000-0000000000ff' }],
  ['grant', { grant: 'x' }],
])(
  'a row whose %s is not what was sealed alarms when a list or an export opens it',
  async (_, over) => {
    for (const read of ['list', 'batches'] as const) {
      const { api } = await setUp(over);
      await api[read]();
      expect(api.counted('IntegrityErrors')).toBe(1);
    }
  },
);

test('a row as the consumer makes it alarms nobody', async () => {
  const api = readHarness();
  const who = api.client();
  await api.add(who, [line(event(now)), line({ ...event(now), typo: 1 })], {
    arrival: now + 400_000,
  });
  await api.add(who, [], {
    seq: 1,
    prev: 'A'.repeat(43),
    fin: true,
    from: now,
    to: now,
    sealed: now,
  });
  // An event may be ahead of its arrival.
  await api.add(who, [line(event(now + 300_000))], { arrival: now, seq: 2, prev: 'A'.repeat(43) });
  await api.list();
  await api.batches();
  await api.stats('by=action&exact=true&actor=u_17');
  expect(api.counted('IntegrityErrors')).toBe(0);
});

test('retention is the grant’s, counted from the latest event, whatever the row says', async () => {
  const { api } = await setUp({ expires: 1000 });
  api.clock.now = now + 28 * dayMs - 1;
  expect((await api.list()).body.events).toHaveLength(1);
  api.clock.now += 1;
  expect((await api.list()).body.events).toHaveLength(0);
  expect((await api.one(it.id)).status).toBe(404);
  expect((await api.batches()).bytes).toHaveLength(0);
  // A row that names no grant that is known is opened, and judged by the one that it was sealed under.
  const unknown = await setUp({ expires: 1000, grant: 'x' });
  expect((await unknown.api.list()).body.events).toHaveLength(1);
  unknown.api.clock.now = now + 28 * dayMs;
  expect((await unknown.api.list()).body.events).toHaveLength(0);
});
