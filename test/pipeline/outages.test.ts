import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createAuditClient } from '../../src/client/index.ts';
import type { Fault } from '../../src/local/faults.ts';
import { event, lines } from '../fixture/events.ts';
import { expectIntact } from '../fixture/intact.ts';
import { type Pipeline, until } from '../fixture/pipeline.ts';
import { refuseInserts } from '../fixture/refuse-inserts.ts';
import { sharedPipeline } from '../fixture/shared-pipeline.ts';
import { askForCredentials, put, sealed, type Tenant, vend } from '../fixture/vended.ts';

let pipeline: Pipeline;

beforeAll(async () => {
  pipeline = await sharedPipeline();
});
afterEach(() => pipeline.deployment.faults.clear());
afterAll(() => pipeline?.close());

/** The SDK, in small batches, so that there are many; and the lines that it was given. */
function application({ apiKey }: Tenant, over: { maxBatchEvents?: number } = {}) {
  const audit = createAuditClient({ url: pipeline.url, apiKey, maxBatchEvents: 5, ...over });
  const lines: string[] = [];
  const record = (count: number, metadata?: () => Record<string, unknown>) =>
    Promise.all(
      Array.from({ length: count }, (_, n) => {
        const one = event(Date.now(), { metadata: metadata?.() ?? { n } });
        lines.push(JSON.stringify(one));
        return audit.record(one);
      }),
    );
  return { audit, record, lines };
}

const unavailable: Fault = { kind: 'error', code: 'InternalServerError', status: 500 };

interface Sequenced {
  readonly sequenceNumber: string;
}

/** Invocations of the consumer that said that they could not do their work. */
function failures(): number {
  return pipeline.printed.filter((text) => /consumer: .*"level":"error"/.test(text)).length;
}

describe('while the database is down', () => {
  test.each([
    ['every call answers 500', undefined, unavailable],
    ['every connection is cut', undefined, { kind: 'cut' }],
    ['grants are found, but no write succeeds', 'BatchExecuteStatement', unavailable],
    ['writes succeed, but their answers are lost', 'BatchExecuteStatement', { kind: 'cut-after' }],
  ] as const)(
    'and %s, events are accepted; all are committed once it is back',
    async (_, operation, fault) => {
      const { faults, mapping } = pipeline.deployment;
      const tenant = await pipeline.tenant('down');
      const { audit, record, lines } = application(tenant);
      const remove = faults.add({
        service: 'dynamodb',
        ...(operation && { operation }),
        principal: /ConsumerRole/,
        fault,
      });
      const before = failures();
      const { succeeded } = mapping.stats;
      await record(40);
      // Eight batches: once more than eight invocations have failed, a batch has failed twice.
      await until(() => failures() > before + 8);
      expect(mapping.stats.succeeded).toBe(succeeded);
      await record(10);
      expect(audit.stats()).toMatchObject({ accepted: 50, pending: { events: 0 } });
      expect(await pipeline.log(tenant)).toEqual([]);
      remove();
      await audit.close();
      await pipeline.drained();
      await expectIntact(pipeline, tenant, lines);
    },
  );
});

test('of a batch that the store does not take, the consumer answers which record it is; nothing of it is there, and then it is, once', async () => {
  const own = new Map<Tenant, Buffer[]>();
  const records: Buffer[] = [];
  for (const name of ['before', 'refused', 'behind']) {
    const tenant = await pipeline.tenant(name);
    own.set(tenant, lines(Date.now(), 3));
    records.push(sealed(await vend(pipeline.url, tenant), own.get(tenant) ?? []));
  }
  const [before, refused, behind] = [...own.keys()] as [Tenant, Tenant, Tenant];
  const consumer = pipeline.deployment.functions.get('consumer');
  if (consumer === undefined) throw new Error('no consumer');
  const invoked = vi.spyOn(consumer, 'invoke');
  const mend = refuseInserts(pipeline, 'InternalServerError', /^refused-\d+#2/);
  await put(await vend(pipeline.url, before), records, () => 'one lane');
  await until(() => invoked.mock.settledResults.length > 2);
  const [payload] = invoked.mock.calls[0] as [{ Records: { kinesis: Sequenced }[] }];
  expect(payload.Records).toHaveLength(3);
  const itemIdentifier = payload.Records[1]?.kinesis.sequenceNumber;
  expect(invoked.mock.settledResults[0]).toMatchObject({
    type: 'fulfilled',
    value: { kind: 'ok', payload: { batchItemFailures: [{ itemIdentifier }] } },
  });
  expect(await pipeline.batches(refused)).toEqual([]);
  expect(await pipeline.log(before)).toEqual(own.get(before)?.map(String));
  invoked.mockRestore();
  mend();
  await pipeline.drained();
  for (const tenant of [before, refused, behind]) {
    await expectIntact(pipeline, tenant, (own.get(tenant) ?? []).map(String));
    expect(await pipeline.batches(tenant)).toHaveLength(1);
  }
});

describe('while the token service is down', () => {
  test('a client goes on with the credentials that it has', async () => {
    const tenant = await pipeline.tenant('vended');
    const { audit, record, lines } = application(tenant);
    await record(1);
    const token = pipeline.deployment.functions.get('token');
    token?.pause();
    try {
      expect((await askForCredentials(pipeline.url, tenant)).response.status).toBeGreaterThan(499);
      await record(30);
      await pipeline.drained();
      await expectIntact(pipeline, tenant, lines);
    } finally {
      token?.resume();
      await audit.close();
    }
  });

  test('a client without credentials keeps its events until it is back', async () => {
    const tenant = await pipeline.tenant('waiting');
    const { audit, record, lines } = application(tenant);
    const token = pipeline.deployment.functions.get('token');
    token?.pause();
    const recorded = record(12);
    try {
      await until(() => audit.stats().lastError !== undefined);
      expect(audit.stats()).toMatchObject({ accepted: 0, pending: { events: 12 } });
    } finally {
      token?.resume();
    }
    await recorded;
    await audit.close();
    await pipeline.drained();
    await expectIntact(pipeline, tenant, lines);
  });
});

/** An answer that says of every second record that it was not taken, though it was. */
const halfDenied: Fault = {
  kind: 'rewrite',
  response(answer) {
    const { Records } = JSON.parse(answer.body.toString()) as { Records: object[] };
    const refused = { ErrorCode: 'InternalFailure', ErrorMessage: 'Internal service failure.' };
    const told = Records.map((each, i) => (i % 2 === 0 ? each : refused));
    const FailedRecordCount = Math.floor(Records.length / 2);
    return { ...answer, body: JSON.stringify({ FailedRecordCount, Records: told }) };
  },
};

describe('when putting to the stream fails', () => {
  test.each([
    ['the whole request', { kind: 'error', code: 'InternalFailure', status: 500 }],
    ['the connection, before the request arrives', { kind: 'cut' }],
    ['the connection, after the records are taken', { kind: 'cut-after' }],
    ['half of the records, by an answer that errs', halfDenied],
    [
      'the session, which the stream no longer knows',
      { kind: 'error', code: 'ExpiredTokenException', status: 400 },
    ],
  ] as [string, Fault][])('%s, nothing is lost and nothing is there twice', async (_, fault) => {
    const tenant = await pipeline.tenant('cut');
    const { audit, record, lines } = application(tenant);
    const rule = { service: 'kinesis', operation: 'PutRecords', principal: /Writer/, fault };
    pipeline.deployment.faults.add({ ...rule, times: 3 });
    // More batches than one request takes are not needed: each turn of the client puts what there is.
    await record(60);
    expect(audit.stats().retries).toBeGreaterThan(0);
    await audit.close();
    await pipeline.drained();
    await expectIntact(pipeline, tenant, lines);
  });

  test('because shards take 1 MiB a second, nothing is lost and nothing is there twice', async () => {
    const tenant = await pipeline.tenant('throttled');
    const { audit, record, lines } = application(tenant, { maxBatchEvents: 2 });
    // 45 KB each in any compression: 7 MB, where four shards take 4.
    await record(160, () => ({ noise: randomBytes(45_000).toString('base64') }));
    expect(audit.stats().retries).toBeGreaterThan(0);
    await audit.close();
    await pipeline.drained();
    await expectIntact(pipeline, tenant, lines);
  });
});
