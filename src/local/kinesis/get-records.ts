import { z } from 'zod';
import { describeRange } from './describe-shard.ts';
import { invalid, KinesisError } from './kinesis-error.ts';
import { limits } from './limits.ts';
import { parseInput, streamReference } from './parse-input.ts';
import type { Shard, StoredRecord } from './shard.ts';
import { readShardIterator, type ShardIterator, writeShardIterator } from './shard-iterator.ts';
import type { Streams } from './streams.ts';

const input = z.object({
  StreamARN: streamReference.StreamARN,
  ShardIterator: z.string().min(1).max(512),
  Limit: z.int().min(1).max(limits.readRecords).default(limits.readRecords),
});

/**
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html. The limits on reading (five
 * calls and 2 MiB a second a shard) are not kept.
 */
export function getRecords(streams: Streams, raw: unknown) {
  const request = parseInput(input, raw);
  const iterator = readShardIterator(request.ShardIterator);
  if (iterator === undefined) throw invalid('Invalid ShardIterator.');
  const now = streams.now();
  const { stream, shard } = locate(streams, iterator, request.StreamARN);
  const age = now - iterator.issued;
  if (age > limits.iteratorLife) {
    const text = `Iterator expired. It was created ${age} milliseconds ago, which is more than the tolerated delay of ${limits.iteratorLife} milliseconds.`;
    throw new KinesisError('ExpiredIteratorException', text);
  }

  const { records, next } = shard.read(iterator.place, request.Limit);
  const caughtUp = next >= shard.next;
  const last = records.at(-1);
  return {
    Records: records.map(describeRecord),
    // Zero says that nothing is left to read: whoever is behind must be told so, however recent it is.
    MillisBehindLatest: caughtUp || last === undefined ? 0 : Math.max(1, now - last.arrival),
    ...(caughtUp && shard.ended !== undefined
      ? { ChildShards: stream.childrenOf(shard).map(describeChild) }
      : { NextShardIterator: writeShardIterator({ ...iterator, place: next, issued: now }) }),
  };
}

function locate(streams: Streams, iterator: ShardIterator, arn: string | undefined) {
  const stream = streams.find({ StreamName: iterator.stream, StreamARN: arn });
  const shard = stream
    .shards(streams.now())
    .find((candidate) => candidate.number === iterator.shard);
  if (shard !== undefined && stream.created === iterator.created) return { stream, shard };
  const text = `The shard of this iterator is not in stream ${stream.name} under account ${streams.account} any more.`;
  throw new KinesisError('ResourceNotFoundException', text);
}

const describeRecord = (record: StoredRecord) => ({
  SequenceNumber: record.sequenceNumber,
  ApproximateArrivalTimestamp: record.arrival / 1000,
  Data: record.data.toString('base64'),
  PartitionKey: record.partitionKey,
});

const describeChild = (shard: Shard) => ({
  ShardId: shard.id,
  ParentShards: shard.parents,
  HashKeyRange: describeRange(shard),
});
