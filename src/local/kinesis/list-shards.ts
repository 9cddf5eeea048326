import { z } from 'zod';
import { describeShard } from './describe-shard.ts';
import { invalid, KinesisError } from './kinesis-error.ts';
import { limits } from './limits.ts';
import { parseInput, shardId, streamReference, timestamp } from './parse-input.ts';
import type { Shard } from './shard.ts';
import { readShardIterator, writeShardIterator } from './shard-iterator.ts';
import type { Stream } from './stream.ts';
import type { Streams } from './streams.ts';

const filter = z.object({
  Type: z.enum([
    'AFTER_SHARD_ID',
    'AT_TRIM_HORIZON',
    'FROM_TRIM_HORIZON',
    'AT_LATEST',
    'AT_TIMESTAMP',
    'FROM_TIMESTAMP',
  ]),
  ShardId: shardId.optional(),
  Timestamp: timestamp.optional(),
});
const input = z.object({
  ...streamReference,
  NextToken: z.string().min(1).optional(),
  ExclusiveStartShardId: shardId.optional(),
  MaxResults: z.int().min(1).max(10_000).default(1000),
  ShardFilter: filter.optional(),
});
type Filter = z.infer<typeof filter>;

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html */
export function listShards(streams: Streams, raw: unknown) {
  const request = parseInput(input, raw);
  const now = streams.now();
  const { stream, from } = start(streams, request, now);
  const found = stream
    .shards(now)
    .filter((shard) => shard.number >= from && chosen(stream, shard, request.ShardFilter, now));
  const page = found.slice(0, Math.min(request.MaxResults, 1000));
  const following = found[page.length];
  return {
    Shards: page.map(describeShard),
    // A token is an iterator over shards. Like the real one it does not hold the filter.
    ...(following === undefined
      ? {}
      : {
          NextToken: writeShardIterator({
            stream: stream.name,
            created: stream.created,
            shard: following.number,
            place: 0,
            issued: now,
          }),
        }),
  };
}

/** The stream, and the number of the first shard to list. */
function start(streams: Streams, request: z.infer<typeof input>, now: number) {
  const { NextToken: text, ExclusiveStartShardId: after } = request;
  if (text === undefined) {
    const stream = streams.find(request);
    return { stream, from: after === undefined ? 0 : numberOf(after) + 1 };
  }
  if (request.StreamName !== undefined || after !== undefined)
    throw invalid('NextToken and StreamName or ExclusiveStartShardId cannot be provided together.');
  const token = readShardIterator(text);
  if (token === undefined) throw invalid('NextToken is invalid.');
  if (now - token.issued > limits.iteratorLife)
    throw new KinesisError('ExpiredNextTokenException', 'NextToken has expired.');
  const stream = streams.find({ StreamName: token.stream, StreamARN: request.StreamARN });
  return { stream, from: token.shard };
}

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ShardFilter.html */
function chosen(stream: Stream, shard: Shard, filter: Filter | undefined, now: number): boolean {
  const horizon = Math.max(stream.horizon(now), stream.created);
  switch (filter?.Type) {
    case undefined:
    case 'FROM_TRIM_HORIZON':
      return true;
    case 'AT_LATEST':
      return shard.ended === undefined;
    case 'AT_TRIM_HORIZON':
      return shard.began <= horizon && openAfter(shard, horizon);
    case 'AT_TIMESTAMP':
      return shard.began <= timeOf(filter) && openAfter(shard, timeOf(filter));
    case 'FROM_TIMESTAMP':
      return openAfter(shard, timeOf(filter));
    case 'AFTER_SHARD_ID':
      if (filter.ShardId === undefined) throw invalid('AFTER_SHARD_ID needs a ShardId.');
      return shard.number > numberOf(filter.ShardId);
  }
}

const openAfter = (shard: Shard, time: number) => shard.ended === undefined || shard.ended >= time;

function timeOf(filter: Filter): number {
  if (filter.Timestamp === undefined) throw invalid(`${filter.Type} needs a Timestamp.`);
  return filter.Timestamp;
}

function numberOf(id: string): number {
  const number = /^shardId-(\d{12})$/.exec(id)?.[1];
  if (number === undefined) throw invalid(`${id} is not the ID of a shard.`);
  return Number(number);
}
