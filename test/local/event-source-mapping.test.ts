import { expect, test, vi } from 'vitest';
import { sleepFor } from '../../src/local/event-source-mapping/mapping.ts';
import { createFakeKinesis } from '../fake/kinesis-shards.ts';
import { startMapping, streamArn } from '../fixture/mapping.ts';

const range = (count: number) => Array.from({ length: count }, (_, index) => String(index));

/** Time that moves only when told to, and what was slept for meanwhile. */
function stillClock(start = 1_800_000_000_000) {
  const clock = { now: start, sleeps: [] as number[] };
  return {
    clock,
    now: () => clock.now,
    sleep(milliseconds: number, signal: AbortSignal) {
      clock.sleeps.push(milliseconds);
      return sleepFor(1, signal);
    },
  };
}

test('a record has the shape that Lambda gives it', async () => {
  const kinesis = createFakeKinesis('shardId-000000000000');
  const sequenceNumber = kinesis.put('shardId-000000000000', 'grüezi', {
    key: 'pk',
    arrived: 1_800_000_000_123,
  });
  const { mapping, payloads } = startMapping(kinesis, () => null);
  await mapping.drained();
  expect(payloads).toEqual([
    {
      Records: [
        {
          kinesis: {
            kinesisSchemaVersion: '1.0',
            partitionKey: 'pk',
            sequenceNumber,
            data: Buffer.from('grüezi').toString('base64'),
            approximateArrivalTimestamp: 1_800_000_000.123,
          },
          eventSource: 'aws:kinesis',
          eventVersion: '1.0',
          eventID: `shardId-000000000000:${sequenceNumber}`,
          eventName: 'aws:kinesis:record',
          invokeIdentityArn: 'arn:aws:iam::123456789012:role/consumer',
          awsRegion: 'eu-west-1',
          eventSourceARN: streamArn,
        },
      ],
    },
  ]);
});

test('a batch has at most the batch size', async () => {
  const kinesis = createFakeKinesis('a');
  for (const text of range(25)) kinesis.put('a', text);
  const { mapping, invocations } = startMapping(kinesis, () => null, { batchSize: 10 });
  await mapping.drained();
  expect(invocations.map((texts) => texts.length)).toEqual([10, 10, 5]);
  expect(invocations.flat()).toEqual(range(25));
  expect(mapping.stats).toMatchObject({ invocations: 3, succeeded: 25, discarded: 0 });
});

test('records are gathered until the window is over, which opens with the first', async () => {
  const kinesis = createFakeKinesis('a');
  const time = stillClock();
  const { mapping, invocations } = startMapping(
    kinesis,
    () => null,
    { batchWindowSeconds: 20 },
    time,
  );
  kinesis.put('a', '0');
  await vi.waitUntil(() => time.clock.sleeps.includes(20_000));
  time.clock.now += 15_000;
  kinesis.put('a', '1');
  await vi.waitUntil(() => time.clock.sleeps.includes(5000));
  expect(invocations).toEqual([]);
  time.clock.now += 5000;
  await mapping.drained();
  expect(invocations).toEqual([['0', '1']]);
});

test('what came in while the function was busy has had its window', async () => {
  const kinesis = createFakeKinesis('a');
  const time = stillClock();
  const held = Promise.withResolvers<void>();
  const { mapping, invocations } = startMapping(
    kinesis,
    ([text]) => (text === '0' ? held.promise : null),
    { batchWindowSeconds: 20, batchSize: 2 },
    time,
  );
  for (const text of range(3)) kinesis.put('a', text);
  await vi.waitUntil(() => invocations.length === 1);
  time.clock.now += 20_000;
  held.resolve();
  await mapping.drained();
  expect(invocations).toEqual([['0', '1'], ['2']]);
});

test('a full batch does not wait for its window', async () => {
  const kinesis = createFakeKinesis('a');
  const { mapping, invocations } = startMapping(kinesis, () => null, {
    batchWindowSeconds: 300,
    batchSize: 2,
  });
  kinesis.put('a', '0');
  kinesis.put('a', '1');
  await mapping.drained();
  expect(invocations).toEqual([['0', '1']]);
});

test('a payload of 6 MB ends the window, and what would be over it stays for the next batch', async () => {
  const kinesis = createFakeKinesis('a');
  const mebibyte = Buffer.alloc(1024 * 1024, 'x');
  const sizes: number[] = [];
  startMapping(
    kinesis,
    (_, payload) => {
      sizes.push(payload.Records.length);
      expect(Buffer.byteLength(JSON.stringify(payload))).toBeLessThanOrEqual(6 * 1024 * 1024);
      return null;
    },
    { batchWindowSeconds: 300 },
  );
  for (let count = 0; count < 4; count++) kinesis.put('a', mebibyte);
  await vi.waitUntil(() => (kinesis.calls.get('GetRecords') ?? 0) > 5);
  expect(sizes).toEqual([]);
  kinesis.put('a', mebibyte);
  await vi.waitUntil(() => sizes.length > 0);
  expect(sizes).toEqual([4]);
});

test('lanes run at once, a key keeps its order, and no more run than the factor', async () => {
  const kinesis = createFakeKinesis('a');
  for (const text of range(200)) kinesis.put('a', text, { key: `k${Number(text) % 20}` });
  let running = 0;
  let most = 0;
  const busyKeys = new Set<string>();
  const order = new Map<string, string[]>();
  const { mapping } = startMapping(
    kinesis,
    async (texts, { Records }) => {
      const keys = new Set(Records.map((record) => record.kinesis.partitionKey));
      most = Math.max(most, ++running);
      for (const key of keys) {
        expect(busyKeys).not.toContain(key);
        busyKeys.add(key);
      }
      await sleepFor(2, new AbortController().signal);
      Records.forEach(({ kinesis: { partitionKey } }, index) => {
        order.set(partitionKey, [...(order.get(partitionKey) ?? []), texts[index] ?? '']);
      });
      for (const key of keys) busyKeys.delete(key);
      running -= 1;
      return null;
    },
    { parallelizationFactor: 4, batchSize: 7 },
  );
  await mapping.drained();
  expect(most).toBe(4);
  expect([...order.values()].flat()).toHaveLength(200);
  for (const [key, texts] of order) {
    expect(texts).toEqual(range(200).filter((text) => `k${Number(text) % 20}` === key));
  }
});

test('a lane that fails does not stop the others', async () => {
  const kinesis = createFakeKinesis('a');
  for (const text of range(50)) kinesis.put('a', text, { key: `k${text}` });
  kinesis.put('a', 'poison', { key: 'poison' });
  const { mapping } = startMapping(
    kinesis,
    (texts) => {
      if (texts.includes('poison')) throw new Error('poison');
      return null;
    },
    { parallelizationFactor: 10, bisectBatchOnFunctionError: true },
  );
  await vi.waitUntil(() => mapping.stats.succeeded === 50);
  for (const text of range(50)) kinesis.put('a', text, { key: `k${text}` });
  const inLaneOfPoison = () => 100 - mapping.stats.succeeded;
  await vi.waitUntil(() => inLaneOfPoison() < 20);
});

test('shards are read at once', async () => {
  const kinesis = createFakeKinesis('a', 'b', 'c');
  for (const shard of ['a', 'b', 'c']) kinesis.put(shard, shard);
  const begun = new Set<string>();
  const { mapping } = startMapping(kinesis, async ([text = '']) => {
    begun.add(text);
    await vi.waitUntil(() => begun.size === 3);
    return null;
  });
  await mapping.drained();
});
