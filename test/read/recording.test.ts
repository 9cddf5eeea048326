import { createPublicKey } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Session } from '../../src/client/session.ts';
import { generateKey } from '../../src/domain/ed25519.ts';
import { sha256 } from '../../src/domain/encoding.ts';
import { parseRecord } from '../../src/domain/manifest.ts';
import { openRecord, verifyRecord } from '../../src/domain/open.ts';
import type { HttpRequest } from '../../src/lambda/http.ts';
import { createLog } from '../../src/lambda/log.ts';
import type { Reader } from '../../src/read/access.ts';
import { auditBatch } from '../../src/read/audit-event.ts';
import { recordReads } from '../../src/read/record-read.ts';
import { recorded } from '../../src/read/recorded.ts';

const now = Date.parse('2026-03-01T12:00:17.250Z');
const reader: Reader = { tenant: 'acme', keyId: 'k1', client: 'billing' };
const read = { tenant: 'acme', reader, request: 'GET /v1/events', query: 'actor=u' };

/** One container: what it puts, and whether the stream takes it. */
function container(clock: { now: number }, fail: { times: number } = { times: 0 }) {
  const { privateKey } = generateKey();
  const grantId = sha256(Math.random().toString()).toString('base64url');
  const put: Buffer[] = [];
  const record = recordReads({
    session: async (tenant) =>
      tenant === 'nobody' ? 'unregistered' : ({ grantId, key: privateKey } as Session),
    put: async (_session, _key, bytes) => {
      if (fail.times-- > 0) return { ErrorCode: 'ProvisionedThroughputExceededException' };
      put.push(bytes);
      return { SequenceNumber: '1' };
    },
    now: () => clock.now,
  });
  return { record, put, key: createPublicKey(privateKey) };
}

function eventOf(record: Buffer | undefined) {
  const [line] = openRecord(parseRecord(record ?? Buffer.alloc(0)));
  return JSON.parse(String(line?.bytes));
}

test('a read is an event of the tenant, of its minute, with who asked what', async () => {
  const { record, put, key } = container({ now });
  await record(read);
  const sealed = parseRecord(put[0] ?? Buffer.alloc(0));
  verifyRecord(sealed, key);
  expect(sealed.manifest).toMatchObject({
    client: 'sealtrail.read',
    seq: 0,
    prev: null,
    fin: true,
  });
  const [line] = openRecord(sealed);
  expect(line?.kind).toBe('event');
  expect(eventOf(put[0])).toMatchObject({
    time: '2026-03-01T12:00:00.000Z',
    action: 'audit.log.read',
    outcome: 'success',
    actor: { type: 'apiKey', id: 'k1', name: 'billing' },
    targets: [{ type: 'log', id: 'acme' }],
    metadata: { request: 'GET /v1/events', query: 'actor=u' },
  });
});

test('of a viewer token both it and the key that made it are named', async () => {
  const { record, put } = container({ now });
  await record({ ...read, reader: { ...reader, viewer: 'v1' } });
  expect(eventOf(put[0]).actor).toEqual({
    type: 'viewerToken',
    id: 'v1',
    onBehalfOf: { type: 'apiKey', id: 'k1' },
  });
});

test('it is written once a key, question and minute: a tail does not feed itself', async () => {
  const clock = { now };
  const { record, put } = container(clock);
  for (let second = 0; second < 40; second++) {
    await Promise.all([record(read), record(read)]);
    clock.now += 1000;
  }
  expect(put).toHaveLength(1);
  clock.now += 3000; // the next minute
  await record(read);
  expect(put).toHaveLength(2);
  await record({ ...read, query: 'actor=v' });
  await record({ ...read, request: 'GET /v1/feed' });
  await record({ ...read, reader: { ...reader, keyId: 'k2' } });
  await record({ ...read, reader: { ...reader, viewer: 'v1' } });
  expect(put).toHaveLength(6);
});

test('two containers write one and the same batch of a read', async () => {
  const [one, two] = [container({ now }), container({ now: now + 20_000 })];
  await one.record(read);
  await two.record(read);
  const ids = [one, two].map(({ put }) => parseRecord(put[0] ?? Buffer.alloc(0)).manifest);
  const { len, enc, ...first } = ids[0] ?? {};
  expect(ids[1]).toMatchObject(first);
  const [batch, other] = [now, now + 20_000].map((at) => auditBatch({ ...read, at }).id);
  expect(batch).toBe(other);
  expect(auditBatch({ ...read, at: now + 60_000 }).id).not.toBe(batch);
});

test('what the stream does not take is tried twice, then told, and tried again by the next page', async () => {
  const fail = { times: 1 };
  const { record, put } = container({ now }, fail);
  await record(read);
  expect(put).toHaveLength(1);
  fail.times = 2;
  const other = { ...read, query: '' };
  await expect(record(other)).rejects.toMatchObject({ code: 'throttled' });
  await record(other);
  expect(put).toHaveLength(2);
});

test('a tenant that is not registered has no log to record in', async () => {
  const { record, put } = container({ now });
  await record({ ...read, tenant: 'nobody' });
  expect(put).toEqual([]);
});

/** The wrapped operation, what it recorded and what it logged. */
function wrapped({ mustBeRecorded = false, fails = false, refuses = false, who = reader } = {}) {
  const asked: unknown[] = [];
  const logged: string[] = [];
  const operation = recorded(
    {
      authenticateAny: async () => who,
      record: async (it) => {
        asked.push(it);
        if (fails) throw new Error('the stream is gone');
      },
      mustBeRecorded,
      log: createLog('test', (line) => logged.push(line)),
    },
    async () => {
      if (refuses) throw new Error('refused');
      return { status: 200, body: 'answer' };
    },
  );
  const ask = (query = '') =>
    operation({
      method: 'GET',
      path: '/v1/events',
      query: new URLSearchParams(query),
    } as HttpRequest);
  return { ask, asked, logged };
}

test('the question is recorded without page, form and tenant, whatever the order of its words', async () => {
  const { ask, asked } = wrapped();
  await ask('limit=5&actor=b&action=x&actor=a&cursor=c&format=csv&tenant=acme');
  expect(asked).toEqual([
    { tenant: 'acme', reader, request: 'GET /v1/events', query: 'action=x&actor=a&actor=b' },
  ]);
});

test('what a key over all tenants reads is recorded with the tenant; of none, with the operator’s', async () => {
  const who = { ...reader, tenant: '*' };
  const { ask, asked } = wrapped({ who });
  await ask('tenant=globex');
  await ask();
  expect(asked).toMatchObject([{ tenant: 'globex' }, { tenant: 'system' }]);
});

test('a read that cannot be recorded is answered, counted, and refused where reads must be recorded', async () => {
  const lax = wrapped({ fails: true });
  expect(await lax.ask()).toMatchObject({ body: 'answer' });
  expect(lax.logged.join()).toContain('"ReadsUnrecorded":1');
  const strict = wrapped({ fails: true, mustBeRecorded: true });
  await expect(strict.ask()).rejects.toMatchObject({ code: 'unavailable' });
  expect(strict.logged.join()).toContain('"ReadsUnrecorded":1');
});

test('what was refused is not recorded: nothing was read', async () => {
  const { ask, asked } = wrapped({ refuses: true });
  await expect(ask()).rejects.toThrow('refused');
  expect(asked).toEqual([]);
});
