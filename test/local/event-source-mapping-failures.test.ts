import { expect, test } from 'vitest';
import type { InvokeResult } from '../../src/local/lambda/invoke-result.ts';
import { createFakeKinesis } from '../fake/kinesis-shards.ts';
import { failures, startMapping } from '../fixture/mapping.ts';

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

test('a function error, a time-out and a crash fail the whole batch', async () => {
  const { kinesis } = shardOf(3);
  const results: InvokeResult[] = [
    { kind: 'error', type: 'Error', message: 'no' },
    { kind: 'timeout' },
    { kind: 'crash', reason: 'exit status 1' },
  ];
  const { mapping, invocations } = startMapping(kinesis, () => results.shift() ?? null, {
    reportBatchItemFailures: true,
  });
  await mapping.drained();
  expect(invocations).toEqual([range(3), range(3), range(3), range(3)]);
  expect(mapping.stats).toMatchObject({ invocations: 4, succeeded: 3, discarded: 0 });
});

test('a partial failure restarts at the lowest sequence number it names', async () => {
  const { kinesis, numbers } = shardOf(5);
  const { mapping, invocations } = startMapping(
    kinesis,
    inTurn(() => failures(numbers[4], numbers[2], numbers[3])),
    { reportBatchItemFailures: true },
  );
  await mapping.drained();
  expect(invocations).toEqual([range(5), ['2', '3', '4']]);
  expect(mapping.stats).toMatchObject({ succeeded: 5, discarded: 0 });
});

test('an identifier that is empty, null, misspelt or not of the batch fails all of it', async () => {
  const { kinesis, numbers } = shardOf(2);
  const { mapping, invocations } = startMapping(
    kinesis,
    inTurn(
      () => failures(''),
      () => failures(null),
      () => failures(numbers[1], 'unknown'),
      () => ({ batchItemFailures: [{ itemId: numbers[1] }] }),
      () => ({ batchItemFailures: [null] }),
      () => ({ batchItemFailures: 'none' }),
      () => 'fine',
    ),
    { reportBatchItemFailures: true },
  );
  await mapping.drained();
  expect(invocations).toEqual(Array(8).fill(['0', '1']));
});

test('an empty or null answer, or an empty or null list, is success', async () => {
  for (const answer of [null, {}, { batchItemFailures: [] }, { batchItemFailures: null }]) {
    const { kinesis } = shardOf(2);
    const { mapping, invocations } = startMapping(kinesis, () => answer, {
      reportBatchItemFailures: true,
    });
    await mapping.drained();
    expect(invocations).toEqual([['0', '1']]);
  }
});

test('without ReportBatchItemFailures the answer does not matter', async () => {
  const { kinesis, numbers } = shardOf(2);
  const { mapping, invocations } = startMapping(kinesis, () => failures(numbers[0]));
  await mapping.drained();
  expect(invocations).toEqual([['0', '1']]);
});

test('bisection halves a batch down to the bad record, and costs no retry', async () => {
  const { kinesis } = shardOf(8);
  const { mapping, invocations, objects } = startMapping(
    kinesis,
    (texts) => (texts.includes('5') ? fail() : null),
    { bisectBatchOnFunctionError: true, maximumRetryAttempts: 0 },
  );
  await mapping.drained();
  expect(invocations.map((texts) => texts.join(''))).toEqual([
    '01234567',
    '0123',
    '4567',
    '45',
    '4',
    '5',
    '67',
  ]);
  expect(mapping.stats).toMatchObject({ succeeded: 7, discarded: 1 });
  expect(JSON.parse(objects[0]?.Body ?? '').KinesisBatchInfo.batchSize).toBe(1);
});

test('with both settings a batch is split at the returned number, and that costs no retry', async () => {
  const { kinesis, numbers } = shardOf(6);
  const { mapping, invocations } = startMapping(
    kinesis,
    inTurn(
      () => failures(numbers[2]),
      () => failures(numbers[4]),
    ),
    {
      bisectBatchOnFunctionError: true,
      reportBatchItemFailures: true,
      maximumRetryAttempts: 0,
    },
  );
  await mapping.drained();
  expect(invocations).toEqual([range(6), ['2', '3', '4', '5'], ['4', '5']]);
  expect(mapping.stats).toMatchObject({ succeeded: 6, discarded: 0 });
});

test('with both settings a batch that fails at its first record is halved', async () => {
  const { kinesis, numbers } = shardOf(4);
  const { mapping, invocations } = startMapping(
    kinesis,
    (texts) => (texts[0] === '0' ? failures(numbers[0]) : null),
    {
      bisectBatchOnFunctionError: true,
      reportBatchItemFailures: true,
      maximumRetryAttempts: 1,
    },
  );
  await mapping.drained();
  expect(invocations.map((texts) => texts.join(''))).toEqual(['0123', '01', '0', '0', '1', '23']);
  expect(mapping.stats).toMatchObject({ succeeded: 3, discarded: 1 });
});

test('a partial failure without bisection costs a retry', async () => {
  const { kinesis, numbers } = shardOf(3);
  const { mapping, invocations } = startMapping(
    kinesis,
    inTurn(
      () => failures(numbers[1]),
      () => failures(numbers[2]),
    ),
    { reportBatchItemFailures: true, maximumRetryAttempts: 1 },
  );
  await mapping.drained();
  expect(invocations).toEqual([range(3), ['1', '2']]);
  expect(mapping.stats).toMatchObject({ succeeded: 2, discarded: 1 });
});
