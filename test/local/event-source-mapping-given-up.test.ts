import type { S3Client } from '@aws-sdk/client-s3';
import { expect, test, vi } from 'vitest';
import type { InvokeResult } from '../../src/local/lambda/invoke-result.ts';
import { createFakeKinesis } from '../fake/kinesis-shards.ts';
import { failures, functionArn, startMapping, streamArn } from '../fixture/mapping.ts';

const range = (count: number) => Array.from({ length: count }, (_, index) => String(index));

/** A shard with the records `0`, `1`, …, and their sequence numbers. */
function shardOf(count: number) {
  const kinesis = createFakeKinesis('shardId-000000000000');
  const numbers = range(count).map((text) => kinesis.put('shardId-000000000000', text));
  return { kinesis, numbers };
}

/** Answers one invocation after the other; all is well after the last. */
function inTurn(...answers: (() => unknown)[]) {
  return () => answers.shift()?.() ?? null;
}

const fail = () => {
  throw new Error('no');
};

test('after its retries a batch goes to the destination, whole, and the shard goes on', async () => {
  const arrived = Date.parse('2026-03-04T05:06:07.089Z');
  const kinesis = createFakeKinesis('shardId-000000000000');
  const first = kinesis.put('shardId-000000000000', 'bad', { arrived });
  const last = kinesis.put('shardId-000000000000', 'bad too', { arrived: arrived + 1 });
  kinesis.put('shardId-000000000000', 'good');
  const { mapping, invocations, payloads, objects } = startMapping(
    kinesis,
    ([text]) => (text === 'bad' ? fail() : null),
    { batchSize: 2, maximumRetryAttempts: 2 },
    { now: () => Date.parse('2026-03-04T23:59:59.999Z') },
  );
  await mapping.drained();
  expect(invocations).toEqual([...Array(3).fill(['bad', 'bad too']), ['good']]);
  expect(objects).toHaveLength(1);
  const { Bucket, Key = '', Body = '' } = objects[0] ?? {};
  expect(Bucket).toBe('redrive');
  const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}';
  expect(Key).toMatch(
    new RegExp(
      `^aws/lambda/${mapping.id}/shardId-000000000000/2026/03/04/2026-03-04T23\\.59\\.59-${uuid}$`,
    ),
  );
  expect(mapping.id).toMatch(new RegExp(`^${uuid}$`));
  expect(JSON.parse(Body)).toEqual({
    requestContext: {
      requestId: expect.stringMatching(new RegExp(uuid)),
      functionArn,
      condition: 'RetryAttemptsExhausted',
      approximateInvokeCount: 3,
    },
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    version: '1.0',
    timestamp: '2026-03-04T23:59:59.999Z',
    KinesisBatchInfo: {
      shardId: 'shardId-000000000000',
      startSequenceNumber: first,
      endSequenceNumber: last,
      approximateArrivalOfFirstRecord: '2026-03-04T05:06:07.089Z',
      approximateArrivalOfLastRecord: '2026-03-04T05:06:07.090Z',
      batchSize: 2,
      streamArn,
    },
    payload: payloads[0],
  });
});

test('a partial failure that is given up is no function error in its record', async () => {
  const { kinesis, numbers } = shardOf(1);
  const { mapping, objects } = startMapping(kinesis, () => failures(numbers[0]), {
    reportBatchItemFailures: true,
    maximumRetryAttempts: 0,
  });
  await mapping.drained();
  expect(JSON.parse(objects[0]?.Body ?? '').responseContext).toEqual({
    statusCode: 200,
    executedVersion: '$LATEST',
  });
});

test('records that are too old go to the destination without being tried', async () => {
  const kinesis = createFakeKinesis('a');
  const now = 1_800_000_000_000;
  kinesis.put('a', 'old', { arrived: now - 60_001 });
  kinesis.put('a', 'young', { arrived: now - 60_000 });
  const { mapping, invocations, objects } = startMapping(
    kinesis,
    () => null,
    { maximumRecordAgeSeconds: 60 },
    { now: () => now },
  );
  await mapping.drained();
  expect(invocations).toEqual([['young']]);
  const record = JSON.parse(objects[0]?.Body ?? '');
  expect(record.requestContext).toMatchObject({
    condition: 'RecordAgeExceeded',
    approximateInvokeCount: 0,
  });
  expect(record).not.toHaveProperty('responseContext');
  expect(mapping.stats).toMatchObject({ succeeded: 1, discarded: 1 });
});

test('records that grow too old while they are tried again are given up', async () => {
  const kinesis = createFakeKinesis('a');
  let now = 1_800_000_000_000;
  kinesis.put('a', 'first', { arrived: now });
  kinesis.put('a', 'second', { arrived: now + 30_000 });
  const { mapping, invocations, objects } = startMapping(
    kinesis,
    () => {
      now += 31_000;
      return now < 1_800_000_090_000 ? fail() : null;
    },
    { maximumRecordAgeSeconds: 60 },
    { now: () => now },
  );
  await mapping.drained();
  expect(invocations).toEqual([['first', 'second'], ['first', 'second'], ['second']]);
  expect(JSON.parse(objects[0]?.Body ?? '')).toMatchObject({
    requestContext: { condition: 'RecordAgeExceeded', approximateInvokeCount: 2 },
    responseContext: { functionError: 'Unhandled' },
    KinesisBatchInfo: { batchSize: 1 },
  });
});

test('without limits a batch is tried for as long as it takes', async () => {
  const { kinesis } = shardOf(2);
  let left = 30;
  const { mapping } = startMapping(kinesis, () => (left-- > 0 ? fail() : null));
  await mapping.drained();
  expect(mapping.stats).toMatchObject({ invocations: 31, succeeded: 2, discarded: 0 });
});

test('a function that turns calls away costs the records no retry and no bisection', async () => {
  const { kinesis } = shardOf(4);
  const throttled: InvokeResult = {
    kind: 'error',
    type: 'ResourceConflictException',
    message: 'updating',
    refused: 'throttled',
  };
  const { mapping, invocations } = startMapping(
    kinesis,
    inTurn(...Array(5).fill(() => throttled)),
    { maximumRetryAttempts: 0, bisectBatchOnFunctionError: true },
  );
  await mapping.drained();
  expect(invocations).toEqual(Array(6).fill(range(4)));
  expect(mapping.stats).toMatchObject({ throttles: 5, succeeded: 4, discarded: 0 });
});

test('an invocation that cannot even be made is tried again', async () => {
  const { kinesis } = shardOf(1);
  let left = 2;
  const { mapping } = startMapping(
    kinesis,
    () => null,
    {},
    {
      invoke: async () => {
        if (left-- > 0) throw new Error('unreachable');
        return { kind: 'ok', payload: null };
      },
    },
  );
  await mapping.drained();
  expect(mapping.stats).toMatchObject({ invocations: 3, succeeded: 1 });
});

test('the wait before a retry grows from 100 ms to 2 s', async () => {
  const { kinesis } = shardOf(1);
  const waits: number[] = [];
  const { mapping } = startMapping(
    kinesis,
    inTurn(...Array(7).fill(fail)),
    {},
    {
      pollMilliseconds: 1,
      discoveryMilliseconds: 1,
      sleep: async (milliseconds) => {
        if (milliseconds > 1) waits.push(milliseconds);
        await new Promise(setImmediate);
      },
    },
  );
  await mapping.drained();
  expect(waits).toEqual([100, 200, 400, 800, 1600, 2000, 2000]);
});

test('a destination that fails three times loses the batch, counted, and the shard goes on', async () => {
  const { kinesis } = shardOf(2);
  const put = vi.fn(() => Promise.reject(new Error('AccessDenied')));
  const { mapping, invocations } = startMapping(
    kinesis,
    ([text]) => (text === '0' ? fail() : null),
    { batchSize: 1, maximumRetryAttempts: 0 },
    { s3: { send: put } as unknown as S3Client },
  );
  await mapping.drained();
  expect(put).toHaveBeenCalledTimes(3);
  expect(invocations).toEqual([['0'], ['1']]);
  expect(mapping.stats).toMatchObject({ discarded: 1, destinationErrors: 1, succeeded: 1 });
});

test('without a destination what is given up is dropped', async () => {
  const { kinesis } = shardOf(1);
  const { mapping } = startMapping(
    kinesis,
    fail,
    { maximumRetryAttempts: 1 },
    { s3: undefined as unknown as S3Client },
  );
  await mapping.drained();
  expect(mapping.stats).toMatchObject({ invocations: 2, discarded: 1, destinationErrors: 0 });
});
