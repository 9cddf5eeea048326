import { z } from 'zod';
import { invalid } from './kinesis-error.ts';
import { parseInput, sequenceNumber, shardId, streamReference, timestamp } from './parse-input.ts';
import { parseSequenceNumber } from './sequence-number.ts';
import type { Shard } from './shard.ts';
import { writeShardIterator } from './shard-iterator.ts';
import type { Stream } from './stream.ts';
import type { Streams } from './streams.ts';

const input = z.object({
  ...streamReference,
  ShardId: shardId,
  ShardIteratorType: z.enum([
    'AT_SEQUENCE_NUMBER',
    'AFTER_SEQUENCE_NUMBER',
    'AT_TIMESTAMP',
    'TRIM_HORIZON',
    'LATEST',
  ]),
  StartingSequenceNumber: sequenceNumber.optional(),
  Timestamp: timestamp.optional(),
});

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html */
export function getShardIterator(streams: Streams, raw: unknown) {
  const request = parseInput(input, raw);
  const stream = streams.find(request);
  const shard = streams.findShard(stream, request.ShardId);
  const iterator = {
    stream: stream.name,
    created: stream.created,
    shard: shard.number,
    place: placeOf(streams, stream, shard, request),
    issued: streams.now(),
  };
  return { ShardIterator: writeShardIterator(iterator) };
}

function placeOf(
  streams: Streams,
  stream: Stream,
  shard: Shard,
  request: z.infer<typeof input>,
): number {
  switch (request.ShardIteratorType) {
    case 'TRIM_HORIZON':
      return 0;
    case 'LATEST':
      return shard.next;
    case 'AT_TIMESTAMP': {
      const time = request.Timestamp;
      if (time === undefined) throw invalid('Must specify timestampInMillis for AT_TIMESTAMP.');
      if (time > streams.now())
        throw invalid(`The timestamp ${time} cannot be greater than the current ${streams.now()}.`);
      return shard.placeAt(time);
    }
    case 'AT_SEQUENCE_NUMBER':
      return placeOfSequenceNumber(streams, stream, shard, request.StartingSequenceNumber);
    // Not beyond the next record, whatever number was given: nothing may be skipped that is yet to come.
    case 'AFTER_SEQUENCE_NUMBER':
      return Math.min(
        placeOfSequenceNumber(streams, stream, shard, request.StartingSequenceNumber) + 1,
        shard.next,
      );
  }
}

function placeOfSequenceNumber(
  streams: Streams,
  stream: Stream,
  shard: Shard,
  text: string | undefined,
): number {
  if (text === undefined)
    throw invalid('Must specify startingSequenceNumber for a sequence number iterator.');
  const position = parseSequenceNumber(text);
  if (position?.shard === shard.number && position.began === shard.began)
    return Math.min(position.place, shard.next);
  const where = `on shard ${shard.id} in stream ${stream.name} under account ${streams.account}`;
  throw invalid(
    `StartingSequenceNumber ${text} used in GetShardIterator ${where} is invalid because it did not come from this stream.`,
  );
}
