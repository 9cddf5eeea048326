import { z } from 'zod';
import { KinesisError } from './kinesis-error.ts';
import { limits } from './limits.ts';
import { parseInput, streamReference } from './parse-input.ts';
import type { Streams } from './streams.ts';

const createInput = z.object({
  StreamName: streamReference.StreamName.unwrap(),
  ShardCount: z.int().min(1).optional(),
  StreamModeDetails: z
    .object({ StreamMode: z.enum(['ON_DEMAND', 'PROVISIONED']) })
    .default({ StreamMode: 'PROVISIONED' }),
});
const listInput = z.object({
  Limit: z.int().min(1).max(10_000).default(100),
  ExclusiveStartStreamName: z.string().optional(),
  NextToken: z.string().optional(),
});

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html */
export function createStream(streams: Streams, raw: unknown) {
  const { StreamName, ShardCount, StreamModeDetails } = parseInput(createInput, raw);
  const onDemand = StreamModeDetails.StreamMode === 'ON_DEMAND';
  if (onDemand !== (ShardCount === undefined)) {
    const text = `ShardCount ${onDemand ? 'must not' : 'must'} be given for a stream that is ${StreamModeDetails.StreamMode}.`;
    throw new KinesisError('ValidationException', text);
  }
  const shards = ShardCount ?? limits.onDemandShards;
  streams.create(StreamName, StreamModeDetails.StreamMode, shards, limits.retentionHours.least);
}

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeleteStream.html */
export function deleteStream(streams: Streams, raw: unknown) {
  streams.delete(streams.find(parseInput(z.object(streamReference), raw)));
}

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreams.html */
export function listStreams(streams: Streams, raw: unknown) {
  const request = parseInput(listInput, raw);
  const after = request.NextToken ?? request.ExclusiveStartStreamName ?? '';
  const names = streams.names.filter((name) => name > after);
  const page = names.slice(0, Math.min(request.Limit, 100));
  const last = page.at(-1);
  const summaries = page.map((name) => {
    const stream = streams.find({ StreamName: name });
    return {
      StreamName: name,
      StreamARN: stream.arn,
      StreamStatus: 'ACTIVE',
      StreamModeDetails: { StreamMode: stream.mode },
      StreamCreationTimestamp: stream.created / 1000,
    };
  });
  return {
    StreamNames: page,
    StreamSummaries: summaries,
    HasMoreStreams: page.length < names.length,
    NextToken: page.length < names.length ? last : undefined,
  };
}
