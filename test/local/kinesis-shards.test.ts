import { describe, expect, it } from 'vitest';
import { hour, localKinesis, records, shard, texts, top } from '../fixture/local-kinesis.ts';

describe('retention', () => {
  it('takes what is older, and readers go on with what is left', async () => {
    const { clock, call, put, read, iterator } = localKinesis();
    await put('old');
    clock.now += hour;
    await put('new');
    clock.now += 23 * hour;
    expect(await read('TRIM_HORIZON')).toEqual(['old', 'new']);
    const ShardIterator = await iterator('TRIM_HORIZON');
    clock.now += 1;
    expect(await read('TRIM_HORIZON')).toEqual(['new']);
    expect(texts(await call('GetRecords', { ShardIterator }))).toEqual(['new']);
  });

  it('keeps places right when thousands have gone', async () => {
    const { clock, call, put, read } = localKinesis();
    for (let index = 0; index < 6; index += 1) {
      await call('PutRecords', { Records: records(500) });
      clock.now += 1000;
    }
    const { SequenceNumber } = await put('a');
    clock.now += 24 * hour;
    await put('b');
    await put('c');
    const after = { StartingSequenceNumber: SequenceNumber };
    expect(await read('TRIM_HORIZON')).toEqual(['a', 'b', 'c']);
    expect(await read('AFTER_SEQUENCE_NUMBER', after)).toEqual(['b', 'c']);
    clock.now += 1;
    expect(await read('AT_SEQUENCE_NUMBER', after)).toEqual(['b', 'c']);
  });

  it('shortened takes at once, and lengthened brings nothing back', async () => {
    const { clock, call, put, read, refusal } = localKinesis({ retentionHours: 48 });
    await put('a');
    clock.now += 30 * hour;
    await put('b');
    expect(await read('TRIM_HORIZON')).toEqual(['a', 'b']);
    await call('DecreaseStreamRetentionPeriod', { RetentionPeriodHours: 24 });
    await call('IncreaseStreamRetentionPeriod', { RetentionPeriodHours: 168 });
    expect(await read('TRIM_HORIZON')).toEqual(['b']);
    const wrong = [
      ['IncreaseStreamRetentionPeriod', 24],
      ['IncreaseStreamRetentionPeriod', 8761],
      ['DecreaseStreamRetentionPeriod', 169],
      ['DecreaseStreamRetentionPeriod', 23],
    ] as const;
    for (const [operation, RetentionPeriodHours] of wrong)
      expect(await refusal(operation, { RetentionPeriodHours })).toBe('InvalidArgumentException');
  });

  it('takes a closed shard with its last record', async () => {
    const { clock, call, put, shardIds, refusal } = localKinesis();
    await put('a');
    await call('SplitShard', { ShardToSplit: shard(0), NewStartingHashKey: String(2n ** 127n) });
    clock.now += 24 * hour;
    expect(await shardIds()).toEqual([0, 1, 2]);
    clock.now += 1;
    expect(await shardIds()).toEqual([1, 2]);
    const gone = { ShardId: shard(0), ShardIteratorType: 'TRIM_HORIZON' };
    expect(await refusal('GetShardIterator', gone)).toBe('ResourceNotFoundException');
  });
});

describe('resharding', () => {
  it('splits a shard: the parent keeps its records and, once drained, names its children', async () => {
    const { call, put, iterator, shardIds } = localKinesis();
    await put('long');
    const before = await put('before');
    const latest = await iterator('LATEST');
    await call('SplitShard', { ShardToSplit: shard(0), NewStartingHashKey: '1000' });
    const low = await put('low', { ExplicitHashKey: '999' });
    const high = await put('high', { ExplicitHashKey: '1000' });
    expect([before.ShardId, low.ShardId, high.ShardId]).toEqual([shard(0), shard(1), shard(2)]);
    // In the same millisecond, and still above.
    expect(low.SequenceNumber > before.SequenceNumber).toBe(true);

    const ShardIterator = await iterator('TRIM_HORIZON');
    const drained = await call('GetRecords', { ShardIterator });
    expect(texts(drained)).toEqual(['long', 'before']);
    const children = [
      {
        ShardId: shard(1),
        ParentShards: [shard(0)],
        HashKeyRange: { StartingHashKey: '0', EndingHashKey: '999' },
      },
      {
        ShardId: shard(2),
        ParentShards: [shard(0)],
        HashKeyRange: { StartingHashKey: '1000', EndingHashKey: String(top) },
      },
    ];
    expect(drained).toMatchObject({ MillisBehindLatest: 0, ChildShards: children });
    expect(drained).not.toHaveProperty('NextShardIterator');
    const tip = await call('GetRecords', { ShardIterator: latest });
    expect(tip).toMatchObject({ Records: [], ChildShards: children });

    const { Shards } = await call('ListShards');
    const { StartingSequenceNumber, EndingSequenceNumber } = Shards[0].SequenceNumberRange;
    expect(StartingSequenceNumber < before.SequenceNumber).toBe(true);
    expect(before.SequenceNumber < EndingSequenceNumber).toBe(true);
    expect(Shards[1].SequenceNumberRange).not.toHaveProperty('EndingSequenceNumber');
    expect(await shardIds({ ShardFilter: { Type: 'AT_LATEST' } })).toEqual([1, 2]);
  });

  it('does not end a closed shard before its last record is read', async () => {
    const { call, put, iterator } = localKinesis();
    await put('a');
    await put('b');
    await call('SplitShard', { ShardToSplit: shard(0), NewStartingHashKey: '1000' });
    const ShardIterator = await iterator('TRIM_HORIZON');
    const half = await call('GetRecords', { ShardIterator, Limit: 1 });
    expect(half).toMatchObject({ NextShardIterator: expect.any(String), MillisBehindLatest: 1 });
    expect(half).not.toHaveProperty('ChildShards');
  });

  it('merges neighbours, whichever is named first', async () => {
    const { call, put, refusal } = localKinesis({ shards: 3 });
    const apart = { ShardToMerge: shard(0), AdjacentShardToMerge: shard(2) };
    expect(await refusal('MergeShards', apart)).toBe('InvalidArgumentException');
    await call('MergeShards', { ShardToMerge: shard(2), AdjacentShardToMerge: shard(1) });
    expect((await put('', { ExplicitHashKey: String(top) })).ShardId).toBe(shard(3));
    const { Shards } = await call('ListShards');
    expect(Shards[3]).toMatchObject({
      ParentShardId: shard(2),
      AdjacentParentShardId: shard(1),
      HashKeyRange: {
        StartingHashKey: Shards[1].HashKeyRange.StartingHashKey,
        EndingHashKey: String(top),
      },
    });
  });

  it('refuses a shard that is closed, a key out of range, and a stream on demand', async () => {
    const { call, refusal } = localKinesis();
    const split = (ShardToSplit: string, NewStartingHashKey: bigint) => ({
      ShardToSplit,
      NewStartingHashKey: String(NewStartingHashKey),
    });
    for (const key of [0n, 1n, top])
      expect(await refusal('SplitShard', split(shard(0), key))).toBe('InvalidArgumentException');
    await call('SplitShard', split(shard(0), 2n));
    expect(await refusal('SplitShard', split(shard(0), 5n))).toBe('InvalidArgumentException');
    expect(await refusal('SplitShard', split(shard(9), 5n))).toBe('ResourceNotFoundException');
    const onDemand = localKinesis({ mode: 'ON_DEMAND' });
    expect(await onDemand.refusal('SplitShard', split(shard(0), 5n))).toBe('ValidationException');
  });

  it('shows the shards of any time, in pages whose token lasts five minutes', async () => {
    const { clock, call, shardIds, refusal } = localKinesis({ shards: 2 });
    const start = clock.now / 1000;
    clock.now += hour;
    await call('SplitShard', { ShardToSplit: shard(0), NewStartingHashKey: '1000' });
    clock.now += hour;
    const filtered = (Type: string, more: object = {}) =>
      shardIds({ ShardFilter: { Type, ...more } });
    expect(await filtered('AT_TRIM_HORIZON')).toEqual([0, 1]);
    expect(await filtered('FROM_TRIM_HORIZON')).toEqual([0, 1, 2, 3]);
    expect(await filtered('AT_LATEST')).toEqual([1, 2, 3]);
    expect(await filtered('AFTER_SHARD_ID', { ShardId: shard(1) })).toEqual([2, 3]);
    expect(await filtered('AT_TIMESTAMP', { Timestamp: start + 60 })).toEqual([0, 1]);
    expect(await filtered('AT_TIMESTAMP', { Timestamp: start + 5400 })).toEqual([1, 2, 3]);
    expect(await filtered('FROM_TIMESTAMP', { Timestamp: start + 60 })).toEqual([0, 1, 2, 3]);
    expect(await filtered('FROM_TIMESTAMP', { Timestamp: start + 5400 })).toEqual([1, 2, 3]);
    expect(await shardIds({ ExclusiveStartShardId: shard(2) })).toEqual([3]);

    const { NextToken } = await call('ListShards', { MaxResults: 3 });
    clock.now += 300_000;
    expect(await shardIds({ StreamName: undefined, NextToken })).toEqual([3]);
    clock.now += 1;
    const late = { StreamName: undefined, NextToken };
    expect(await refusal('ListShards', late)).toBe('ExpiredNextTokenException');
    expect(await refusal('ListShards', { NextToken })).toBe('InvalidArgumentException');
    const { StreamDescription } = await call('DescribeStream', { Limit: 3 });
    expect([StreamDescription.Shards.length, StreamDescription.HasMoreShards]).toEqual([3, true]);
  });
});
