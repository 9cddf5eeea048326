import { KinesisClient, PutRecordsCommand, SplitShardCommand } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { expect, onTestFinished, test, vi } from 'vitest';
import { sleepFor } from '../../src/local/event-source-mapping/mapping.ts';
import { createKinesis } from '../../src/local/kinesis/service.ts';
import { createFakeKinesis } from '../fake/kinesis-shards.ts';
import { startMapping } from '../fixture/mapping.ts';
import { serveService } from '../fixture/serve-service.ts';

const range = (count: number) => Array.from({ length: count }, (_, index) => String(index));

test('a closed shard is finished before its children are begun', async () => {
  const kinesis = createFakeKinesis('left', 'right');
  kinesis.put('left', 'l0');
  kinesis.put('right', 'r0');
  kinesis.addShard('merged', 'left', 'right');
  kinesis.put('merged', 'm0');
  kinesis.closeShard('left');
  kinesis.closeShard('right');
  kinesis.addShard('grandchild', 'merged');
  kinesis.put('grandchild', 'g0');
  kinesis.closeShard('merged');

  let failuresLeft = 3;
  const done: string[] = [];
  const { mapping } = startMapping(kinesis, (texts) => {
    if (texts[0] === 'r0' && failuresLeft-- > 0) throw new Error('not yet');
    done.push(...texts);
    return null;
  });
  await mapping.drained();
  expect(done.slice(0, 2).sort()).toEqual(['l0', 'r0']);
  expect(done.slice(2)).toEqual(['m0', 'g0']);
});

test('the child of a shard that is no longer listed is read', async () => {
  const kinesis = createFakeKinesis();
  kinesis.addShard('child', 'long-gone');
  kinesis.put('child', 'c0');
  const { mapping, invocations } = startMapping(kinesis, () => null);
  await mapping.drained();
  expect(invocations).toEqual([['c0']]);
});

test('shards that come later are found, on the last page too', async () => {
  const kinesis = createFakeKinesis('a', 'b', 'c');
  const { mapping, invocations } = startMapping(kinesis, () => null);
  await mapping.drained();
  kinesis.addShard('d', 'a');
  kinesis.put('d', 'd0');
  kinesis.closeShard('a');
  await mapping.drained();
  expect(invocations).toEqual([['d0']]);
});

test('LATEST leaves out what was there before, and nothing of what comes after', async () => {
  const kinesis = createFakeKinesis('closed', 'open');
  kinesis.put('closed', 'old');
  kinesis.put('open', 'old');
  kinesis.closeShard('closed');
  const { mapping, invocations } = startMapping(kinesis, () => null, {
    startingPosition: 'LATEST',
  });
  await mapping.drained();
  kinesis.put('open', 'new');
  kinesis.addShard('child', 'open');
  kinesis.put('child', 'newest');
  kinesis.closeShard('open');
  await mapping.drained();
  expect(invocations).toEqual([['new'], ['newest']]);
});

test('calls to Kinesis that fail are repeated, and nothing is lost or read twice', async () => {
  const kinesis = createFakeKinesis('a');
  kinesis.failNext('ListShards', 'AccessDeniedException');
  kinesis.failNext('GetShardIterator', 'AccessDeniedException');
  kinesis.failNext('GetRecords', 'ProvisionedThroughputExceededException');
  kinesis.put('a', '0');
  const { mapping, invocations } = startMapping(kinesis, () => null);
  await vi.waitUntil(() => invocations.length === 1);
  expect(mapping.stats.pollErrors).toBe(3);
  expect(mapping.stats.lastPollError).toMatchObject({
    name: 'ProvisionedThroughputExceededException',
  });
  kinesis.expireIterators();
  kinesis.put('a', '1');
  await mapping.drained();
  expect(invocations).toEqual([['0'], ['1']]);
});

test('an iterator lost before the first record does not skip to the latest', async () => {
  const kinesis = createFakeKinesis('a');
  const { mapping, invocations } = startMapping(kinesis, () => null, {
    startingPosition: 'LATEST',
  });
  await mapping.drained();
  kinesis.expireIterators();
  kinesis.put('a', '0', { arrived: Date.now() + 1000 });
  await mapping.drained();
  expect(invocations).toEqual([['0']]);
});

test('wake looks at once', async () => {
  const kinesis = createFakeKinesis('a');
  const { mapping, invocations } = startMapping(
    kinesis,
    () => null,
    {},
    { pollMilliseconds: 600_000, sleep: sleepFor },
  );
  await mapping.drained();
  kinesis.put('a', '0');
  mapping.wake();
  await vi.waitUntil(() => invocations.length === 1);
});

test('drained waits for what is being processed, and not for what is put later', async () => {
  const kinesis = createFakeKinesis('a');
  const held = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { mapping, invocations } = startMapping(
    kinesis,
    async ([text]) => {
      await held[Number(text)]?.promise;
      return null;
    },
    { batchSize: 1 },
  );
  kinesis.put('a', '0');
  await vi.waitUntil(() => invocations.length === 1);
  let isDrained = false;
  const drained = mapping.drained().then(() => {
    isDrained = true;
  });
  const { polls } = mapping.stats;
  await vi.waitUntil(() => mapping.stats.polls > polls + 3);
  expect(isDrained).toBe(false);
  kinesis.put('a', '1');
  held[0]?.resolve();
  await drained;
  await vi.waitUntil(() => invocations.length === 2);
  held[1]?.resolve();
});

test('close does not wait for the function, and nothing happens afterwards', async () => {
  const kinesis = createFakeKinesis('a');
  kinesis.put('a', '0');
  kinesis.put('a', '1');
  const held = Promise.withResolvers<void>();
  const { mapping, invocations, objects } = startMapping(
    kinesis,
    async () => {
      await held.promise;
      throw new Error('late');
    },
    { batchSize: 1, maximumRetryAttempts: 0 },
  );
  await vi.waitUntil(() => invocations.length === 1);
  const drained = expect(mapping.drained()).rejects.toThrow('the event source mapping was closed');
  await mapping.close();
  await drained;
  const calls = new Map(kinesis.calls);
  held.resolve();
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  expect(kinesis.calls).toEqual(calls);
  expect([invocations, objects]).toEqual([[['0']], []]);
  await expect(mapping.drained()).rejects.toThrow('closed');
});

test('it follows the local Kinesis through a split', async () => {
  const service = createKinesis({ place: { account: '123456789012', region: 'eu-west-1' } });
  const { arn } = service.createStream({
    name: 'events',
    shards: 1,
    mode: 'PROVISIONED',
    retentionHours: 24,
  });
  const { endpoint, close } = await serveService(service);
  const client = new KinesisClient({
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'AK', secretAccessKey: 'SK' },
    requestHandler: new NodeHttpHandler(),
  });
  onTestFinished(async () => {
    client.destroy();
    await close();
  });
  const put = (texts: string[]) =>
    client.send(
      new PutRecordsCommand({
        StreamARN: arn,
        Records: texts.map((text) => ({ PartitionKey: text, Data: Buffer.from(text) })),
      }),
    );

  const { mapping, invocations } = startMapping(
    { ...createFakeKinesis(), client },
    () => null,
    { parallelizationFactor: 3, batchSize: 20 },
    { streamArn: arn },
  );
  await put(range(100));
  await client.send(
    new SplitShardCommand({
      StreamARN: arn,
      ShardToSplit: 'shardId-000000000000',
      NewStartingHashKey: String(2n ** 127n),
    }),
  );
  await put(range(150).slice(100));
  await mapping.drained();
  expect(invocations.flat().sort()).toEqual(range(150).sort());
  expect(mapping.stats).toMatchObject({ succeeded: 150, pollErrors: 0 });
});
