import { expect, test } from 'vitest';
import type { Encoding } from '../../src/domain/body.ts';
import { codeOf, SealtrailError } from '../../src/domain/error.ts';
import type { KnownGrant } from '../../src/lambda/verified-grants.ts';
import { eventsOf, openSealed } from '../../src/read/open-batch.ts';
import type { ReadBatch, StoredBatch } from '../../src/store/batch-store.ts';
import { batchSortKey } from '../../src/store/keys.ts';
import { signer } from '../fixture/batches.ts';
import { event, line, lines } from '../fixture/events.ts';
import { grantFor, storedBatch } from '../fixture/stored.ts';
import { now, readHarness } from './harness.ts';

const who = signer();
const sealed = lines(now, 8);

function read(batch: StoredBatch, over: Partial<ReadBatch> = {}): ReadBatch {
  return {
    key: batchSortKey(batch.to, batch.id),
    shard: batch.shard,
    record: batch.record,
    arrival: batch.arrival,
    expires: batch.expires,
    ...over,
  };
}

/** The exact lines, or the code of the refusal. */
async function open(batch: ReadBatch, grant: KnownGrant | undefined = grantFor(who)) {
  const grants = async () => new Map(grant === undefined ? [] : [[who.grantId, grant]]);
  try {
    return eventsOf(await openSealed('acme', batch, grants), []).map(({ line }) => line);
  } catch (error) {
    return codeOf(error) ?? String(error);
  }
}

test('what was sealed is read back', async () => {
  expect(await open(read(storedBatch(sealed, { who })))).toEqual(sealed);
});

test.each<Encoding>(['identity', 'deflate', 'zstd'])(
  'no byte of a stored record (%s) can be altered so that other lines are served',
  async (enc) => {
    const batch = storedBatch(sealed, { who, enc });
    let harmless = 0;
    for (let i = 0; i < batch.record.length; i++) {
      const record = Buffer.from(batch.record);
      record[i] = (record[i] ?? 0) ^ (1 << (i % 8));
      const outcome = await open(read(batch, { record }));
      if (outcome === 'integrity-broken') continue;
      expect(outcome).toEqual(sealed);
      harmless++;
    }
    // A frame has a bit or two that mean nothing (RFC 8878 §3.1.1.1); the signature is over what is in it.
    expect(harmless).toBeLessThanOrEqual(enc === 'identity' ? 0 : 2);
  },
);

test('a record cut short, made longer, or empty is not served', async () => {
  const batch = storedBatch(sealed, { who });
  for (const record of [
    Buffer.alloc(0),
    batch.record.subarray(0, -1),
    batch.record.subarray(1),
    Buffer.concat([batch.record, Buffer.from('\n')]),
  ])
    expect(await open(read(batch, { record }))).toBe('integrity-broken');
});

test('a record under another batch’s key is not served', async () => {
  const batch = storedBatch(sealed, { who });
  const other = storedBatch(lines(now, 8), { who });
  expect(await open(read(batch, { key: read(other).key }))).toBe('integrity-broken');
  const moved = batchSortKey('2026-03-01T12:00:00.006Z', batch.id);
  expect(await open(read(batch, { key: moved }))).toBe('integrity-broken');
});

test('a record of another tenant’s grant, of no grant of ours, or of another key is not served', async () => {
  const batch = read(storedBatch(sealed, { who }));
  expect(await open(batch, grantFor(who, { tenant: 'globex' }))).toBe('integrity-broken');
  expect(await open(batch, grantFor(signer({ grantId: who.grantId })))).toBe('integrity-broken');
  const none = async () => new Map<string, KnownGrant>();
  expect(await openSealed('acme', batch, none).then(() => undefined, codeOf)).toBe(
    'integrity-broken',
  );
});

test('a look-up of grants that fails is no broken integrity', async () => {
  const batch = read(storedBatch(sealed, { who }));
  const down = async () => {
    throw new SealtrailError('throttled', 'down');
  };
  expect(await openSealed('acme', batch, down).then(() => undefined, codeOf)).toBe('throttled');
});

test('altered bytes are never served: by each way to them they are named, with an alarm', async () => {
  const api = readHarness();
  const client = api.client();
  const it = event(now, { reason: 'untouched' });
  const batch = storedBatch([line(it)], { who: client, grant: grantFor(client) });
  const record = Buffer.from(
    batch.record.toString('latin1').replace('untouched', 'retouched'),
    'latin1',
  );
  await api.store.insert([{ ...batch, record }]);
  const name = `${batch.to}#${batch.id}#0`;
  for (const [accept, status] of [
    ['application/json', 200],
    ['application/x-ndjson', 200],
    ['text/csv', 200],
  ] as const) {
    const answer = await api.list('', { accept });
    expect(answer.status).toBe(status);
    expect(answer.text).not.toContain('touched');
    expect(answer.text).toContain(name);
    expect(answer.text).toContain('integrity-broken');
  }
  expect(api.counted('IntegrityErrors')).toBe(3);
  expect(await api.one(it.id)).toMatchObject({ status: 500, body: { code: 'integrity-broken' } });
});
