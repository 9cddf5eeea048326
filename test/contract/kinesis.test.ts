import type {
  GetRecordsCommandOutput,
  GetShardIteratorCommandInput,
  Kinesis,
  ListShardsCommandInput,
  ListShardsCommandOutput,
} from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { active, startTwoKineses, type TwoKineses } from '../fixture/two-kineses.ts';

/**
 * The same SDK calls on the local Kinesis and on kinesis-local, whose answers must be the same once what is
 * random or the time is taken out. Left to test/local/kinesis.test.ts is where kinesis-local 0.6.2 is not
 * like AWS: it has no limit on a request's records nor on a shard's throughput, leaves keys out of a
 * record's size, rounds ranges down by (2^128 − 1) ÷ shards, splits at a range's edge, answers 500 to a broken iterator
 * or hash key, lists all shards AT_TRIM_HORIZON and AT_TIMESTAMP, ends closed shards at a number that is not
 * one of its sequence numbers, and names some errors otherwise.
 */
let kineses: TwoKineses;
beforeAll(async () => {
  kineses = await startTwoKineses();
});
afterAll(() => kineses.close());

/** kinesis-local answers InvalidArgumentException also where AWS has ValidationException. */
async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'accepted';
  } catch (error) {
    const name = error instanceof Error ? error.name : 'unknown';
    return name === 'ValidationException' ? 'InvalidArgumentException' : name;
  }
}

const shard = (number: number) => `shardId-${String(number).padStart(12, '0')}`;
const top = 2n ** 128n - 1n;
const third = (top + 1n) / 3n;

function put(client: Kinesis, stream: string, text: string, more: object = {}) {
  return client.putRecord({
    StreamName: stream,
    PartitionKey: text,
    Data: Buffer.from(text),
    ...more,
  });
}

type Start = Partial<GetShardIteratorCommandInput>;

async function get(client: Kinesis, stream: string, start: Start, limit?: number) {
  const { ShardIterator } = await client.getShardIterator({
    StreamName: stream,
    ShardId: shard(0),
    ShardIteratorType: 'TRIM_HORIZON',
    ...start,
  });
  return client.getRecords({ ShardIterator, Limit: limit });
}

const texts = ({ Records = [] }: GetRecordsCommandOutput) =>
  Records.map(({ PartitionKey, Data = new Uint8Array() }) => [
    PartitionKey,
    Buffer.from(Data).toString(),
  ]);

describe('the local Kinesis answers as kinesis-local does', () => {
  it('to a description', async () => {
    const { local, oracle } = await kineses.both(async (client, StreamName) => {
      const { StreamDescription: full } = await client.describeStream({ StreamName });
      const { StreamDescriptionSummary: short } = await client.describeStreamSummary({
        StreamARN: `arn:aws:kinesis:us-east-1:000000000000:stream/${StreamName}`,
      });
      const page = await client.describeStream({ StreamName, Limit: 2 });
      const rest = await client.describeStream({ StreamName, ExclusiveStartShardId: shard(1) });
      return {
        full: { ...full, StreamCreationTimestamp: null, Shards: full?.Shards?.map(timeless) },
        short: { ...short, StreamCreationTimestamp: null, MaxRecordSizeInKiB: null },
        page: [page.StreamDescription?.Shards?.length, page.StreamDescription?.HasMoreShards],
        rest: rest.StreamDescription?.Shards?.map(timeless),
      };
    });
    expect(local).toEqual(oracle);
    expect(local).toMatchObject({ short: { OpenShardCount: 3 }, page: [2, true] });
  });

  it('to records put by hash key and read in order', async () => {
    const { local, oracle } = await kineses.both(async (client, stream) => {
      const edges = [0n, third - 1n, third, third * 2n - 1n, third * 2n, top];
      const placed: unknown[] = [];
      for (const edge of edges)
        placed.push((await put(client, stream, 'e', { ExplicitHashKey: String(edge) })).ShardId);
      const { Records = [], FailedRecordCount } = await client.putRecords({
        StreamName: stream,
        Records: Array.from({ length: 60 }, (_, index) => ({
          PartitionKey: `ключ-${index}`,
          Data: Buffer.from([index, 255, 0]),
        })),
      });
      const read = await Promise.all(
        [0, 1, 2].map((number) => get(client, stream, { ShardId: shard(number) })),
      );
      const numbers = read.map((got) => got.Records?.map((record) => record.SequenceNumber ?? ''));
      return {
        placed,
        FailedRecordCount,
        shards: Records.map((record) => record.ShardId),
        read: read.map(texts),
        rising: numbers.map((list) => list?.toSorted(numerically).every((n, i) => n === list[i])),
        digits: numbers.flat().map((number) => number?.length),
      };
    });
    expect(local).toEqual(oracle);
    expect(local).toMatchObject({
      placed: [0, 0, 1, 1, 2, 2].map(shard),
      rising: [true, true, true],
    });
  });

  it('to every kind of iterator', async () => {
    const { local, oracle } = await kineses.both(async (client, stream) => {
      const numbers: (string | undefined)[] = [];
      for (const text of ['a', 'b', 'c'])
        numbers.push((await put(client, stream, text, { ExplicitHashKey: '0' })).SequenceNumber);
      const StartingSequenceNumber = numbers[1];
      const at = (start: Start) => get(client, stream, start).then(texts);
      const partly = await get(client, stream, {}, 2);
      const rest = await client.getRecords({ ShardIterator: partly.NextShardIterator });
      const end = await client.getRecords({ ShardIterator: rest.NextShardIterator });
      return {
        horizon: await at({ ShardIteratorType: 'TRIM_HORIZON' }),
        latest: await at({ ShardIteratorType: 'LATEST' }),
        at: await at({ ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber }),
        after: await at({ ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber }),
        time: await at({ ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(0) }),
        pages: [partly, rest, end].map(texts),
        behind: [rest.MillisBehindLatest, end.MillisBehindLatest],
        open: [rest, end].map((got) => typeof got.NextShardIterator),
      };
    });
    expect(local).toEqual(oracle);
    expect(local).toMatchObject({ after: [['c', 'c']], behind: [0, 0] });
  });

  it('to a split and a merge, with lineage', async () => {
    const { local, oracle } = await kineses.both(async (client, stream) => {
      await put(client, stream, 'parent', { ExplicitHashKey: '0' });
      await client.splitShard({
        StreamName: stream,
        ShardToSplit: shard(0),
        NewStartingHashKey: '1000',
      });
      await active(client, stream);
      await client.mergeShards({
        StreamName: stream,
        ShardToMerge: shard(1),
        AdjacentShardToMerge: shard(2),
      });
      await active(client, stream);
      const children = [
        await put(client, stream, 'low', { ExplicitHashKey: '999' }),
        await put(client, stream, 'high', { ExplicitHashKey: '1000' }),
        await put(client, stream, 'merged', { ExplicitHashKey: String(top) }),
      ];
      const drained = await get(client, stream, {});
      const { Shards = [] } = await client.listShards({ StreamName: stream });
      const page = await client.listShards({ StreamName: stream, MaxResults: 4 });
      const rest = await client.listShards({ NextToken: page.NextToken });
      const filtered = async (filter: ListShardsCommandInput) =>
        ids(await client.listShards({ StreamName: stream, ...filter }));
      return {
        children: children.map((child) => child.ShardId),
        drained: texts(drained),
        next: typeof drained.NextShardIterator,
        named: drained.ChildShards,
        shards: Shards.map(timeless),
        closed: Shards.map((one) => one.SequenceNumberRange?.EndingSequenceNumber !== undefined),
        pages: [ids(page), ids(rest)],
        latest: await filtered({ ShardFilter: { Type: 'AT_LATEST' } }),
        all: await filtered({ ShardFilter: { Type: 'FROM_TRIM_HORIZON' } }),
        after: await filtered({ ShardFilter: { Type: 'AFTER_SHARD_ID', ShardId: shard(3) } }),
        exclusive: await filtered({ ExclusiveStartShardId: shard(4) }),
      };
    });
    expect(local).toEqual(oracle);
    expect(local).toMatchObject({
      children: [shard(3), shard(4), shard(5)],
      next: 'undefined',
      latest: [shard(3), shard(4), shard(5)],
    });
  });

  it('to what must be refused', async () => {
    const { local, oracle } = await kineses.both(async (client, StreamName) => {
      await put(client, StreamName, 'a', { ExplicitHashKey: '0' });
      const { ShardIterator } = await client.getShardIterator({
        StreamName,
        ShardId: shard(0),
        ShardIteratorType: 'LATEST',
      });
      const Data = Buffer.from('x');
      const { NextToken } = await client.listShards({ StreamName, MaxResults: 1 });
      const calls = {
        twice: client.createStream({ StreamName, ShardCount: 1 }),
        name: client.createStream({ StreamName: 'a b', ShardCount: 1 }),
        absent: client.describeStream({ StreamName: 'absent' }),
        unnamed: client.describeStream({}),
        putAbsent: client.putRecord({ StreamName: 'absent', PartitionKey: 'p', Data }),
        emptyKey: client.putRecord({ StreamName, PartitionKey: '', Data }),
        longKey: client.putRecord({ StreamName, PartitionKey: 'k'.repeat(257), Data }),
        beyond: put(client, StreamName, 'x', { ExplicitHashKey: String(top + 1n) }),
        padded: put(client, StreamName, 'x', { ExplicitHashKey: '007' }),
        large: client.putRecord({ StreamName, PartitionKey: 'p', Data: Buffer.alloc(2 ** 20 + 1) }),
        order: put(client, StreamName, 'x', { SequenceNumberForOrdering: '12' }),
        none: client.getRecords({ ShardIterator, Limit: 0 }),
        many: client.getRecords({ ShardIterator, Limit: 10_001 }),
        shard: get(client, StreamName, { ShardId: shard(9) }),
        number: get(client, StreamName, { ShardIteratorType: 'AT_SEQUENCE_NUMBER' }),
        letters: get(client, StreamName, {
          ShardIteratorType: 'AT_SEQUENCE_NUMBER',
          StartingSequenceNumber: 'abc',
        }),
        time: get(client, StreamName, { ShardIteratorType: 'AT_TIMESTAMP' }),
        future: get(client, StreamName, {
          ShardIteratorType: 'AT_TIMESTAMP',
          Timestamp: new Date(Date.now() + 1e6),
        }),
        splitAbsent: client.splitShard({
          StreamName,
          ShardToSplit: shard(9),
          NewStartingHashKey: '9',
        }),
        splitOutside: client.splitShard({
          StreamName,
          ShardToSplit: shard(2),
          NewStartingHashKey: '9',
        }),
        mergeApart: client.mergeShards({
          StreamName,
          ShardToMerge: shard(0),
          AdjacentShardToMerge: shard(2),
        }),
        filter: client.listShards({ StreamName, ShardFilter: { Type: 'AFTER_SHARD_ID' } }),
        tokenAndName: client.listShards({ StreamName, NextToken }),
        token: client.listShards({ NextToken: 'zzz' }),
      };
      const answers = Object.entries(calls).map(
        async ([name, call]) => [name, await refusal(call)] as const,
      );
      return Object.fromEntries(await Promise.all(answers));
    });
    expect(local).toEqual(oracle);
    expect(Object.values(Object(local))).not.toContain('accepted');
  });

  it('to changes of retention, and to the end of a stream', async () => {
    const { local, oracle } = await kineses.both(async (client, StreamName) => {
      const answers: string[] = [];
      for (const RetentionPeriodHours of [48, 48, 23, 8761, 24])
        answers.push(
          await refusal(client.increaseStreamRetentionPeriod({ StreamName, RetentionPeriodHours })),
        );
      for (const RetentionPeriodHours of [72, 24, 24, 23])
        answers.push(
          await refusal(client.decreaseStreamRetentionPeriod({ StreamName, RetentionPeriodHours })),
        );
      await client.deleteStream({ StreamName });
      while ((await refusal(client.describeStream({ StreamName }))) === 'accepted');
      const { StreamNames = [] } = await client.listStreams({});
      return { answers, gone: !StreamNames.includes(StreamName) };
    });
    expect(local).toEqual(oracle);
    expect(local).toMatchObject({ gone: true });
  });
});

const ids = ({ Shards = [] }: ListShardsCommandOutput) => Shards.map(({ ShardId }) => ShardId);

/** Sequence numbers hold the time, and are not alike. */
const timeless = (one: NonNullable<ListShardsCommandOutput['Shards']>[number]) => ({
  ...one,
  SequenceNumberRange: null,
});

const numerically = (a: string, b: string) => (BigInt(a) < BigInt(b) ? -1 : 1);
