import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  type Answer,
  localKinesis,
  mib,
  records,
  shard,
  texts,
  top,
} from '../fixture/local-kinesis.ts';

describe('a record', () => {
  it('goes to the shard whose range holds the MD5 of its partition key', async () => {
    const { call, put } = localKinesis({ shards: 7 });
    const { Shards } = await call('ListShards');
    for (let index = 0; index < 100; index += 1) {
      const PartitionKey = `key-${index}-é`;
      const key = BigInt(`0x${createHash('md5').update(PartitionKey).digest('hex')}`);
      const owner = Shards.find(
        ({ HashKeyRange: range }: Answer) =>
          BigInt(range.StartingHashKey) <= key && key <= BigInt(range.EndingHashKey),
      );
      expect((await put('', { PartitionKey })).ShardId).toBe(owner.ShardId);
    }
  });

  it('goes where its explicit hash key says, at both edges of a range', async () => {
    const { call, put, refusal } = localKinesis({ shards: 4 });
    const { Shards } = await call('ListShards');
    expect(BigInt(Shards[0].HashKeyRange.EndingHashKey)).toBe(2n ** 126n - 1n);
    for (const { ShardId, HashKeyRange: range } of Shards)
      for (const ExplicitHashKey of [range.StartingHashKey, range.EndingHashKey])
        expect((await put('', { ExplicitHashKey })).ShardId).toBe(ShardId);
    const beyond = { PartitionKey: 'p', Data: '', ExplicitHashKey: String(top + 1n) };
    expect(await refusal('PutRecord', beyond)).toBe('InvalidArgumentException');
    const padded = { ...beyond, ExplicitHashKey: '007' };
    expect(await refusal('PutRecord', padded)).toBe('ValidationException');
  });

  it('gets a sequence number of 56 digits, above all before it in its shard and unlike any other', async () => {
    const { call, clock, put } = localKinesis({ shards: 3 });
    const byShard = new Map<string, string[]>();
    for (let index = 0; index < 120; index += 1) {
      if (index % 40 === 39) clock.now -= 5; // a clock set back changes nothing
      const { ShardId, SequenceNumber } = await put('', { PartitionKey: `k${index}` });
      byShard.set(ShardId, [...(byShard.get(ShardId) ?? []), SequenceNumber]);
    }
    for (const numbers of byShard.values())
      expect(numbers.toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))).toEqual(numbers);
    const all = [...byShard.values()].flat();
    expect(new Set(all).size).toBe(120);
    expect(all.every((number) => /^49\d{54}$/.test(number))).toBe(true);
    const { Shards } = await call('ListShards');
    for (const { ShardId, SequenceNumberRange: range } of Shards)
      expect(range.StartingSequenceNumber < (byShard.get(ShardId)?.[0] ?? '')).toBe(true);
  });

  it('may be 1 MiB with its key and no more, and one too large takes its whole request down', async () => {
    const { put, refusal, read } = localKinesis();
    const tooLarge = { Records: [...records(1), ...records(1, 'p', mib)] };
    expect(await refusal('PutRecords', tooLarge)).toBe('InvalidArgumentException');
    expect(await read('TRIM_HORIZON')).toEqual([]);
    await put(Buffer.alloc(mib - 1));
    expect(await read('TRIM_HORIZON')).toHaveLength(1);
  });

  it('shares a request with 499 others and 10 MiB at most', async () => {
    const { call, refusal } = localKinesis();
    expect(await refusal('PutRecords', { Records: [] })).toBe('ValidationException');
    expect(await refusal('PutRecords', { Records: records(501) })).toBe('ValidationException');
    const { Records } = await call('PutRecords', { Records: records(500) });
    expect(Records).toHaveLength(500);
    const full = records(10, 'p', mib - 1);
    expect(await call('PutRecords', { Records: full })).toMatchObject({ FailedRecordCount: 10 });
    const over = { Records: [...full, ...records(1, 'p', 0)] };
    expect(await refusal('PutRecords', over)).toBe('InvalidArgumentException');
  });
});

describe('a shard', () => {
  it('takes 1,000 records a second, and tells the others off one by one', async () => {
    const { clock, call, refusal } = localKinesis({ shards: 2 });
    for (const Records of [records(500), records(499)])
      expect((await call('PutRecords', { Records })).FailedRecordCount).toBe(0);
    // `p` and `q` hash to the two shards.
    const mixed = [...records(1, 'p'), ...records(1, 'q'), ...records(2, 'p'), ...records(1, 'q')];
    const answer = await call('PutRecords', { Records: mixed });
    expect(answer.FailedRecordCount).toBe(2);
    expect(answer.Records.map((record: Answer) => record.ErrorCode !== undefined)).toEqual([
      false,
      false,
      true,
      true,
      false,
    ]);
    expect(answer.Records[2]).toEqual({
      ErrorCode: 'ProvisionedThroughputExceededException',
      ErrorMessage: expect.stringContaining(
        `${answer.Records[0].ShardId} in stream s under account`,
      ),
    });
    const one = { PartitionKey: 'p', Data: '' };
    expect(await refusal('PutRecord', one)).toBe('ProvisionedThroughputExceededException');
    clock.now += 500;
    const Records = records(500);
    expect((await call('PutRecords', { Records })).FailedRecordCount).toBe(0);
    expect((await call('PutRecords', { Records })).FailedRecordCount).toBe(500);
  });

  it('takes 1 MiB a second, keys included', async () => {
    const { clock, call } = localKinesis();
    const Records = [...records(3, 'pp', mib / 4 - 2), ...records(1, 'p', mib / 4)];
    const { FailedRecordCount } = await call('PutRecords', { Records });
    expect(FailedRecordCount).toBe(1);
    clock.now += 250;
    expect((await call('PutRecords', { Records })).FailedRecordCount).toBe(2);
  });

  it('is read in order, up to the limit, telling how far behind the reader is', async () => {
    const { clock, call, put, iterator } = localKinesis();
    for (const text of ['a', 'b', 'c']) {
      await put(text);
      clock.now += 1000;
    }
    let ShardIterator = await iterator('TRIM_HORIZON');
    const seen: unknown[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      const answer = await call('GetRecords', { ShardIterator, Limit: 2 });
      seen.push([texts(answer).join(''), answer.MillisBehindLatest]);
      ShardIterator = answer.NextShardIterator;
    }
    expect(seen).toEqual([
      ['ab', 2000],
      ['c', 0],
      ['', 0],
    ]);
    await put('d');
    expect(texts(await call('GetRecords', { ShardIterator }))).toEqual(['d']);
  });

  it('gives 10 MiB at most at a time', async () => {
    const { clock, call, put, iterator } = localKinesis();
    for (let index = 0; index < 12; index += 1) {
      await put(Buffer.alloc(mib - 1));
      clock.now += 1000;
    }
    const first = await call('GetRecords', { ShardIterator: await iterator('TRIM_HORIZON') });
    expect(first.Records).toHaveLength(10);
    const rest = await call('GetRecords', { ShardIterator: first.NextShardIterator });
    expect(rest.Records).toHaveLength(2);
  });

  it('is entered at any of five points', async () => {
    const { clock, put, read, refusal } = localKinesis();
    const numbers: string[] = [];
    for (const text of ['a', 'b', 'c']) {
      numbers.push((await put(text)).SequenceNumber);
      clock.now += 1000;
    }
    const StartingSequenceNumber = numbers[1];
    expect(await read('TRIM_HORIZON')).toEqual(['a', 'b', 'c']);
    expect(await read('LATEST')).toEqual([]);
    expect(await read('AT_SEQUENCE_NUMBER', { StartingSequenceNumber })).toEqual(['b', 'c']);
    expect(await read('AFTER_SEQUENCE_NUMBER', { StartingSequenceNumber })).toEqual(['c']);
    const second = (clock.now - 2000) / 1000;
    expect(await read('AT_TIMESTAMP', { Timestamp: second })).toEqual(['b', 'c']);
    expect(await read('AT_TIMESTAMP', { Timestamp: second + 0.001 })).toEqual(['c']);
    const entry = { ShardId: shard(0), ShardIteratorType: 'AT_TIMESTAMP' };
    const future = { ...entry, Timestamp: clock.now / 1000 + 1 };
    expect(await refusal('GetShardIterator', future)).toBe('InvalidArgumentException');
    expect(await refusal('GetShardIterator', entry)).toBe('InvalidArgumentException');
    const stranger = {
      ShardId: shard(0),
      ShardIteratorType: 'AT_SEQUENCE_NUMBER',
      StartingSequenceNumber: numbers[1]?.replace(/0$/, '1'),
    };
    expect(await refusal('GetShardIterator', stranger)).toBe('InvalidArgumentException');
    const nowhere = { ShardId: shard(1), ShardIteratorType: 'LATEST' };
    expect(await refusal('GetShardIterator', nowhere)).toBe('ResourceNotFoundException');
  });

  it('is still found by time when the clock was set back', async () => {
    const { clock, put, read } = localKinesis();
    await put('a');
    clock.now += 1000;
    await put('b');
    clock.now -= 1000;
    await put('c');
    await put('d');
    clock.now += 2000;
    const second = (clock.now - 1000) / 1000;
    expect(await read('AT_TIMESTAMP', { Timestamp: second })).toEqual(['b', 'c', 'd']);
  });

  it('lets an iterator live for five minutes', async () => {
    const { clock, call, iterator, refusal } = localKinesis();
    const ShardIterator = await iterator('LATEST');
    clock.now += 300_000;
    const { NextShardIterator } = await call('GetRecords', { ShardIterator });
    clock.now += 1;
    expect(await refusal('GetRecords', { ShardIterator })).toBe('ExpiredIteratorException');
    await call('GetRecords', { ShardIterator: NextShardIterator });
  });
});
