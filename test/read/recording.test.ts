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
import { appendBatch } from '../../src/read/append-batch.ts';
import { auditBatch, viewerBatch } from '../../src/read/audit-event.ts';
import { recordReads } from '../../src/read/record-read.ts';
import { recorded } from '../../src/read/recorded.ts';
import { VirtualClock } from '../fake/virtual-clock.ts';

const now = Date.parse('2026-03-01T12:00:17.250Z');
const reader: Reader = { tenant: 'acme', keyId: 'k1', client: 'billing' };
const read = { tenant: 'acme', reader, request: 'GET /v1/events', filters: ['actor'] };

/** One container: what it puts, and whether the stream takes it. */
function container(clock: { now: number }, fail: { times: number } = { times: 0 }) {
  const { privateKey } = generateKey();
  const grantId = sha256(Math.random().toString()).toString('base64url');
  const put: Buffer[] = [];
  const append = appendBatch({
    session: async (tenant) =>
      tenant === 'nobody' ? 'unregistered' : ({ grantId, key: privateKey } as Session),
    put: async (_session, _key, bytes) => {
      if (fail.times-- > 0) return { ErrorCode: 'ProvisionedThroughputExceededException' };
      put.push(bytes);
      return { SequenceNumber: '1' };
    },
  });
  const record = recordReads({ append, now: () => clock.now });
  return { append, record, put, key: createPublicKey(privateKey) };
}

function eventOf(record: Buffer | undefined) {
  const [line] = openRecord(parseRecord(record ?? Buffer.alloc(0)));
  return JSON.parse(String(line?.bytes));
}

test('a read is an event of the tenant, of its quarter of an hour, with who asked what', async () => {
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
    metadata: { request: 'GET /v1/events', filters: 'actor' },
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

test('it is written once a key, kind of question and quarter: a tail does not feed itself', async () => {
  const clock = { now };
  const { record, put } = container(clock);
  for (let minute = 0; minute < 14; minute++) {
    await Promise.all([record(read), record(read)]);
    clock.now += 60_000;
  }
  expect(put).toHaveLength(1);
  clock.now += 60_000; // the next quarter
  await record(read);
  expect(put).toHaveLength(2);
  await record({ ...read, filters: ['actor', 'q'] });
  await record({ ...read, request: 'GET /v1/feed' });
  await record({ ...read, reader: { ...reader, keyId: 'k2' } });
  await record({ ...read, reader: { ...reader, viewer: 'v1' } });
  expect(put).toHaveLength(6);
});

test('two containers write one and the same batch of a read', async () => {
  const [one, two] = [container({ now }), container({ now: now + 14 * 60_000 })];
  await one.record(read);
  await two.record(read);
  const ids = [one, two].map(({ put }) => parseRecord(put[0] ?? Buffer.alloc(0)).manifest);
  const { len, enc, ...first } = ids[0] ?? {};
  expect(ids[1]).toMatchObject(first);
  const [batch, other] = [now, now + 14 * 60_000].map((at) => auditBatch({ ...read, at }).id);
  expect(batch).toBe(other);
  expect(auditBatch({ ...read, at: now + 15 * 60_000 }).id).not.toBe(batch);
});

test('what the stream does not take is tried twice, then told, and tried again by the next page', async () => {
  const fail = { times: 1 };
  const { record, put } = container({ now }, fail);
  await record(read);
  expect(put).toHaveLength(1);
  fail.times = 2;
  const other = { ...read, filters: [] };
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
function wrapped({
  mustBeRecorded = false,
  fails = false,
  hangs = false,
  refuses = false,
  who = reader,
} = {}) {
  const clock = new VirtualClock(now);
  const asked: unknown[] = [];
  const logged: string[] = [];
  const operation = recorded(
    {
      authenticateAny: async () => who,
      record: async (it) => {
        asked.push(it);
        if (hangs) await new Promise(() => {});
        if (fails) throw new Error('the stream is gone');
      },
      mustBeRecorded,
      clock,
      log: createLog('test', (line) => logged.push(line)),
    },
    async () => {
      if (refuses) throw new Error('refused');
      return { status: 200, body: 'answer' };
    },
  );
  const ask = (query = '', path = '/v1/events', route = 'GET /v1/events') =>
    operation({ route, method: 'GET', path, query: new URLSearchParams(query) } as HttpRequest);
  return { ask, asked, logged, clock };
}

test('of a question its route and the names of its filters are recorded, and no text of the reader’s', async () => {
  const { ask, asked } = wrapped();
  const long = 'x'.repeat(4000);
  await ask(`limit=5&q=${long}&action=${long}&action=b&metadata.${long}=1&metadata.z=2&cursor=c`);
  await ask('', '/v1/events/0199c3a5-0000-7000-8000-000000000001', 'GET /v1/events/{id}');
  expect(asked).toEqual([
    { tenant: 'acme', reader, request: 'GET /v1/events', filters: ['action', 'metadata.*', 'q'] },
    { tenant: 'acme', reader, request: 'GET /v1/events/{id}', filters: [] },
  ]);
});

test('a viewer writes one event a route and quarter, whatever it asks, and short ones', async () => {
  const viewer = { ...reader, viewer: 'v1' };
  const { record, put } = container({ now });
  const { ask, asked } = wrapped({ who: viewer });
  const long = 'x'.repeat(4000);
  for (let i = 0; i < 120; i++)
    await ask(
      `q=${i}${long}&metadata.${i}=${long}${i % 2 ? '&actor=a' : ''}${i % 3 ? '&ip=b' : ''}`,
    );
  for (const each of asked) await record(each as typeof read);
  expect(asked).toHaveLength(120);
  expect(put).toHaveLength(1);
  expect(put[0]?.length).toBeLessThan(2000);
});

test('whether a question was asked is told by a digest in the function’s log, what was asked is not', async () => {
  const { ask, logged } = wrapped();
  await ask('actor=secret-b&action=x&actor=secret-a&limit=5&cursor=c&tenant=acme&format=csv');
  await ask('action=x&actor=secret-a&actor=secret-b');
  await ask('action=x&actor=secret-a');
  const lines = logged.map((text) => JSON.parse(text));
  const question = sha256('/v1/events?action=x&actor=secret-a&actor=secret-b').toString(
    'base64url',
  );
  expect(lines[0]).toMatchObject({
    tenant: 'acme',
    key: 'k1',
    request: 'GET /v1/events',
    question,
  });
  expect(lines[1].question).toBe(question);
  expect(lines[2].question).not.toBe(question);
  expect(logged.join()).not.toContain('secret');
});

test('that a viewer token was made is an event with its filter and end, and who made it', async () => {
  const { append, put } = container({ now });
  const made = {
    tenant: 'acme',
    reader,
    token: '5e0f4b9a-6f6f-4b55-8d8e-0d3c7a3f1f11',
    filter: { 'metadata.customer': ['c_7', 'c_8'] },
    from: 0,
    to: now,
    expiresAt: now + 60_000,
    proof: false,
    at: now,
  };
  await append('acme', viewerBatch(made));
  expect(parseRecord(put[0] ?? Buffer.alloc(0)).manifest).toMatchObject({
    client: 'sealtrail.read',
    fin: true,
  });
  expect(eventOf(put[0])).toMatchObject({
    time: '2026-03-01T12:00:17.250Z',
    action: 'audit.viewer.create',
    outcome: 'success',
    actor: { type: 'apiKey', id: 'k1', name: 'billing' },
    targets: [
      { type: 'log', id: 'acme' },
      { type: 'viewerToken', id: made.token },
    ],
    metadata: {
      filter: '{"metadata.customer":["c_7","c_8"]}',
      from: '1970-01-01T00:00:00.000Z',
      to: '2026-03-01T12:00:17.250Z',
      expiresAt: '2026-03-01T12:01:17.250Z',
      proof: false,
    },
  });
  // A filter is cut, between halves of a character too.
  const filter = { actor: `${'x'.repeat(1013)}😀${'y'.repeat(2000)}` };
  await append('acme', viewerBatch({ ...made, filter }));
  const { metadata } = eventOf(put[1]);
  expect(metadata.filter).toHaveLength(1024);
  expect(metadata.filter.isWellFormed()).toBe(true);
  expect(metadata.filterDigest).toBe(sha256(JSON.stringify(filter)).toString('base64url'));
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

test('a record that hangs holds no answer up, nor an operation that hangs its reader', async () => {
  const slow = wrapped({ hangs: true });
  const answer = slow.ask();
  await slow.clock.advance(14_000);
  expect(await answer).toMatchObject({ body: 'answer' });
  expect(slow.logged.join()).toContain('"ReadsUnrecorded":1');
  const clock = new VirtualClock(now);
  const log = createLog('test', () => {});
  const options = {
    authenticateAny: async () => reader,
    record: async () => {},
    mustBeRecorded: false,
    clock,
    log,
  };
  const stuck = recorded(options, () => new Promise(() => {}))({} as HttpRequest);
  const refused = expect(stuck).rejects.toMatchObject({ code: 'unavailable' });
  await clock.advance(12_000);
  await refused;
});

test('what was refused is not recorded: nothing was read', async () => {
  const { ask, asked } = wrapped({ refuses: true });
  await expect(ask()).rejects.toThrow('refused');
  expect(asked).toEqual([]);
});
