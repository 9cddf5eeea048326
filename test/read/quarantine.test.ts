import { expect, test } from 'vitest';
import { createQuarantine } from '../../src/consumer/quarantine.ts';
import type { ErrorCode } from '../../src/domain/error.ts';
import { signBatch } from '../../src/domain/seal.ts';
import { batchOf, type Signer, signer } from '../fixture/batches.ts';
import { lines } from '../fixture/events.ts';
import { now, readHarness } from './harness.ts';

let sequence = 1_000_000;

/** What the consumer would set aside of this record; `tenant` is what it wrote beside it. */
function aside(data: Buffer, code: ErrorCode, tenant?: string, arrival = now) {
  return {
    arrived: {
      data,
      arrival,
      sequenceNumber: String(sequence++),
      shard: 'shardId-000000000000',
      partitionKey: 'p',
    },
    code,
    reason: 'because',
    tenant,
  };
}

const recordOf = ({ client, producer, grantId, key }: Signer) =>
  signBatch(batchOf(lines(now, 3), { client, producer }), grantId, key);

/** What anybody can make of a manifest that was handed out in a proof. */
function withOtherBody(record: Buffer): Buffer {
  const other = Buffer.from(record);
  other[other.length - 5] = (other[other.length - 5] ?? 0) ^ 1;
  return other;
}

async function setUp() {
  const api = readHarness();
  const keep = createQuarantine({
    now: () => now,
    async put(key, body) {
      if (api.quarantined.has(key)) return 'present';
      api.quarantined.set(key, body);
      return 'created';
    },
  });
  const put = async (...records: ReturnType<typeof aside>[]) =>
    void (await keep(records, (error) => expect.fail(String(error))));
  const [acme, globex] = [api.client(), api.client({ tenant: 'globex' })];
  const good = recordOf(acme);
  // Under acme's grant, by somebody who has not its key.
  const forged = recordOf({ ...acme, key: signer().key });
  await put(
    aside(good, 'too-old', 'acme'),
    aside(recordOf(globex), 'clock-ahead', 'globex'),
    aside(forged, 'signature-invalid'),
    // What is written beside a record is not believed, nor where it lies.
    aside(Buffer.from('noise'), 'record-malformed', 'acme'),
    aside(recordOf(globex), 'too-old', 'acme'),
    aside(withOtherBody(recordOf(acme)), 'root-mismatch', 'acme'),
  );
  return { api, put, acme };
}

const codes = ({ body }: { body: { records: { code: string; tenant: string | null }[] } }) =>
  body.records.map(({ code, tenant }) => `${code} of ${tenant}`);

test('a tenant sees what was sealed under its own grants, signature and root, and nothing else', async () => {
  const { api } = await setUp();
  const answer = await api.quarantine();
  expect(answer.status).toBe(200);
  expect(codes(answer)).toEqual(['too-old of acme']);
  expect(answer.body.records[0]).toMatchObject({
    reason: 'because',
    arrival: '2026-03-01T12:00:00.000Z',
    batch: { client: 'billing', seq: 0, count: 3 },
  });
  expect(answer.text).not.toContain('"record"');
});

test('a key over all tenants sees everything, or what is one tenant’s', async () => {
  const { api } = await setUp();
  const all = { key: 'key-of-all' };
  const everything = codes(await api.quarantine('', all));
  expect(everything[0]).toBe('signature-invalid of null');
  expect(everything.sort()).toEqual([
    'clock-ahead of globex',
    'record-malformed of null',
    'root-mismatch of null',
    'signature-invalid of null',
    'too-old of acme',
    'too-old of globex',
  ]);
  expect(codes(await api.quarantine('tenant=acme', all))).toEqual(['too-old of acme']);
  expect((await api.quarantine('tenant=globex')).status).toBe(403);
});

test('pages go on, within an object and over many, and each record comes once', async () => {
  const { api, put, acme } = await setUp();
  for (let day = 1; day <= 130; day++)
    await put(
      aside(
        recordOf({ ...acme, producer: signer().producer }),
        'too-old',
        'acme',
        now + day * 86_400_000,
      ),
    );
  const seen: string[] = [];
  let pages = 0;
  for (let next: string | null = ''; next !== null; pages++) {
    const answer = await api.quarantine(`limit=7${next && `&cursor=${next}`}`, {
      key: 'key-of-all',
    });
    seen.push(
      ...answer.body.records.map((each: { sequenceNumber: string }) => each.sequenceNumber),
    );
    next = answer.body.next;
  }
  expect(pages).toBeGreaterThan(19);
  expect(seen).toHaveLength(136);
  expect(new Set(seen).size).toBe(136);
});

test('from leaves out the days before', async () => {
  const { api, put, acme } = await setUp();
  await put(aside(recordOf(acme), 'id-missing', 'acme', now + 86_400_000));
  expect(codes(await api.quarantine('from=2026-03-02'))).toEqual(['id-missing of acme']);
  expect(codes(await api.quarantine('from=2026-03-03'))).toEqual([]);
  const all = { key: 'key-of-all' };
  expect(codes(await api.quarantine('from=2026-03-02', all))).toEqual(['id-missing of acme']);
});

test('an object of another form hides nothing that follows it', async () => {
  const { api } = await setUp();
  api.quarantined.set('tenant-acme/2026/02/28/odd', 'not json\n{"code":1}\n');
  api.quarantined.set('odd', 'not json');
  expect(codes(await api.quarantine())).toEqual(['too-old of acme']);
  expect(codes(await api.quarantine('', { key: 'key-of-all' }))).toHaveLength(6);
});

test('a tenant pages through none of a flood that is nobody’s, and asks for nothing that is another’s', async () => {
  const { api, put } = await setUp();
  await put(
    ...Array.from({ length: 10_000 }, (_, i) =>
      aside(Buffer.from(`noise ${i}`), 'record-malformed'),
    ),
  );
  expect(api.quarantined.size).toBe(10_006);
  api.bucketCalls.length = 0;
  const { body } = await api.quarantine();
  expect(body.next).toBeNull();
  expect(body.records).toHaveLength(1);
  expect(api.bucketCalls[0]).toBe('list tenant-acme/');
  expect(api.bucketCalls.slice(1).map((call) => call.slice(0, 17))).toEqual(
    Array(4).fill('get tenant-acme/2'),
  );
});

test('tenants whose ids begin alike see nothing of each other', async () => {
  const { api, put } = await setUp();
  const other = api.client({ tenant: 'acme-2' });
  await put(aside(recordOf(other), 'too-old', 'acme-2'));
  expect(codes(await api.quarantine())).toEqual(['too-old of acme']);
  expect(codes(await api.quarantine('', { key: 'key-of-acme-2' }))).toEqual(['too-old of acme-2']);
});

test('a cursor is of one tenant, and of the same question', async () => {
  const { api } = await setUp();
  const { next } = (await api.quarantine('limit=1', { key: 'key-of-all' })).body;
  expect((await api.quarantine(`cursor=${next}`)).body.code).toBe('not-found');
  expect(
    (await api.quarantine(`from=2026-01-01&cursor=${next}`, { key: 'key-of-all' })).body.code,
  ).toBe('cursor-invalid');
});
