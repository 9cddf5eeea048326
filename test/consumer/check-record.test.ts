import { expect, test } from 'vitest';
import { checkRecord } from '../../src/consumer/check-record.ts';
import { codeOf } from '../../src/domain/error.ts';
import { parseRecord } from '../../src/domain/manifest.ts';
import { signBatch } from '../../src/domain/seal.ts';
import type { StoredBatch } from '../../src/store/batch-store.ts';
import { shardOf } from '../../src/store/keys.ts';
import { mayContain } from '../../src/store/terms.ts';
import { batchOf, signer } from '../fixture/batches.ts';
import { event, line } from '../fixture/events.ts';
import { grantFor } from '../fixture/stored.ts';

const now = Date.parse('2026-03-01T12:00:00.000Z');
const minute = 60_000;
const day = 24 * 60 * minute;
const who = signer();

type Over = {
  arrival?: number;
  grant?: Parameters<typeof grantFor>[1] | 'unknown';
  lines?: Buffer[];
  attempts?: number;
  over?: Partial<ReturnType<typeof batchOf>>;
};

/** Checks a record; `over` makes its manifest untrue before it is signed. */
function judge({
  arrival = now,
  grant = {},
  lines = [line(event(now))],
  over = {},
  attempts,
}: Over = {}) {
  const batch = { ...batchOf(lines, { producer: who.producer }), ...over };
  const data = signBatch(batch, who.grantId, who.key);
  const place = { sequenceNumber: '49', shard: 'shardId-000000000003', partitionKey: 'k' };
  const known = grant === 'unknown' ? undefined : grantFor(who, grant);
  const again = attempts === undefined ? {} : { attempts };
  return checkRecord({ data, arrival, ...place, ...again }, parseRecord(data), known);
}

/** What would be stored of it. */
function check(given: Over = {}): StoredBatch {
  const checked = judge(given);
  if (checked.kind === 'poison') throw checked.error;
  return checked.batch;
}

function outcome(given: Over): string | undefined {
  try {
    check(given);
  } catch (error) {
    return codeOf(error) ?? String(error);
  }
  return 'stored';
}

const end = Math.floor(now / 1000);

test.each<[string, string, Over]>([
  ['within its grant’s time', 'stored', { grant: { exp: end } }],
  [
    '15 minutes after its grant’s end',
    'stored',
    { grant: { exp: end }, arrival: now + 15 * minute },
  ],
  ['later than that', 'grant-expired', { grant: { exp: end }, arrival: now + 15 * minute + 1 }],
  ['under an unknown grant', 'grant-unknown', { grant: 'unknown' }],
  ['just before its grant is revoked', 'stored', { grant: { revokedAt: now + 1 } }],
  ['just as its grant is revoked', 'grant-revoked', { grant: { revokedAt: now } }],
  ['just before its grant is stopped', 'stored', { grant: { stoppedAt: now + 1 } }],
  ['just as its grant is stopped', 'grant-stopped', { grant: { stoppedAt: now } }],
  ['of a stopped grant, redriven', 'stored', { grant: { stoppedAt: now }, attempts: 1 }],
  [
    'of a stopped grant that was revoked too, redriven',
    'grant-revoked',
    { grant: { stoppedAt: now, revokedAt: now }, attempts: 1 },
  ],
  ['of another client than its grant’s', 'client-mismatch', { grant: { sub: 'payments' } }],
  [
    'under a grant with another key',
    'signature-invalid',
    { grant: { key: grantFor(signer()).key } },
  ],
  ['5 minutes ahead of its arrival', 'stored', { arrival: now - 5 * minute }],
  ['more than that ahead', 'clock-ahead', { arrival: now - 5 * minute - 1 }],
  ['as old as is kept', 'stored', { arrival: now + 30 * day, grant: { retentionDays: 30 } }],
  ['older than is kept', 'too-old', { arrival: now + 30 * day + 1, grant: { retentionDays: 30 } }],
  ['over 60.001 s', 'span-exceeded', { over: { from: '2026-03-01T11:58:59.999Z' } }],
  [
    'that says it starts earlier than it does',
    'range-mismatch',
    { over: { from: '2026-03-01T11:59:59.999Z' } },
  ],
  [
    'that says it ends later than it does',
    'range-mismatch',
    { over: { to: '2026-03-01T12:00:00.001Z' } },
  ],
  ['with another root', 'root-mismatch', { over: { root: 'A'.repeat(43) } }],
  ['with another count', 'count-mismatch', { over: { count: 2 } }],
  [
    'with a line that has no id',
    'id-missing',
    { lines: [line(event(now)), line({ action: 'x' })] },
  ],
])('a record %s is %s', (_, expected, given) => {
  expect(outcome(given)).toBe(expected);
});

test('what is stored of a record is what it says and what its grant says, and nothing else', () => {
  const batch = check({ grant: { tenant: 'globex', retentionDays: 30, shards: 8 } });
  expect(batch).toMatchObject<Partial<StoredBatch>>({
    tenant: 'globex',
    shard: shardOf(batch.id, 8),
    to: '2026-03-01T12:00:00.000Z',
    from: '2026-03-01T12:00:00.000Z',
    arrival: now,
    source: 'shardId-000000000003:49',
    count: 1,
    faults: [],
    client: 'billing',
    producer: who.producer,
    seq: 0,
    prev: null,
    fin: false,
    grant: who.grantId,
    expires: (now + 30 * day) / 1000,
  });
});

test('what an event calls ttl, pk, expires or tenant is inert', () => {
  const names = { ttl: 1, pk: 'other#calendar', sk: 'x', expires: 1, tenant: 'globex' };
  const plain = check();
  const inside = check({ lines: [line(event(now, { metadata: names }))] });
  const beside = check({ lines: [line({ ...event(now), ...names })] });
  for (const batch of [inside, beside])
    for (const name of ['tenant', 'shard', 'to', 'expires'] as const)
      expect(batch[name]).toBe(plain[name]);
  expect(inside.faults).toEqual([]);
  expect(beside.faults).toEqual([[0, 'schema']]);
});

test('faulty lines are listed, and the good ones can be found', () => {
  const good = line(event(now, { actor: { type: 'user', id: 'u_good' } }));
  const hidden = line({ ...event(now, { actor: { type: 'user', id: 'u_bad' } }), typo: 1 });
  const wrongTime = line({ ...event(now), time: '2026-03-01T12:00:00.001Z' });
  const doubled = Buffer.from(good.toString().replace('"action"', '"actor":{},"action"'));
  const batch = check({ lines: [good, hidden, wrongTime, doubled] });
  expect(batch.faults).toEqual([
    [1, 'schema'],
    [2, 'time'],
    [3, 'duplicate-key'],
  ]);
  expect(batch.count).toBe(4);
  expect(batch.terms && mayContain(batch.terms, 'actor:u_good')).toBe(true);
  expect(batch.terms && mayContain(batch.terms, 'actor:u_bad')).toBe(false);
});

test('a batch without a good line has no terms', () => {
  expect(check({ lines: [line({ id: event(now).id })] })).toMatchObject({ terms: undefined });
});

test('an event that arrives over 5 minutes after its time is late', () => {
  const isLate = (arrival: number) => {
    const { terms } = check({ arrival });
    return terms !== undefined && mayContain(terms, 'late');
  };
  expect(isLate(now + 5 * minute)).toBe(false);
  expect(isLate(now + 5 * minute + 1)).toBe(true);
});

test('a batch full of small members is checked in little time, and found by any of them', () => {
  // Before terms were bounded, one such line took the function's whole time.
  const lines = Array.from({ length: 8 }, (_, l) => {
    const inner = Object.fromEntries(Array.from({ length: 1500 }, (_, i) => [`${l}x${i}`, i]));
    return line(event(now, { metadata: { ['p'.repeat(20_000)]: inner, ...inner } }));
  });
  const start = performance.now();
  const { terms } = check({ lines });
  expect(performance.now() - start).toBeLessThan(5000);
  expect(terms && mayContain(terms, 'metadata.7x1499\x001499')).toBe(true);
});
