import { z } from 'zod';
import { describeShard } from './describe-shard.ts';
import { limits } from './limits.ts';
import { parseInput, shardId, streamReference } from './parse-input.ts';
import type { Stream } from './stream.ts';
import type { Streams } from './streams.ts';

const describeInput = z.object({
  ...streamReference,
  Limit: z.int().min(1).max(10_000).default(100),
  ExclusiveStartShardId: shardId.optional(),
});

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStream.html */
export function describeStream(streams: Streams, raw: unknown) {
  const { ExclusiveStartShardId: after, Limit, ...reference } = parseInput(describeInput, raw);
  const stream = streams.find(reference);
  const shards = stream
    .shards(streams.now())
    .filter((shard) => after === undefined || shard.id > after);
  const page = shards.slice(0, Math.min(Limit, 100));
  return {
    StreamDescription: {
      ...describe(stream),
      Shards: page.map(describeShard),
      HasMoreShards: page.length < shards.length,
    },
  };
}

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStreamSummary.html */
export function describeStreamSummary(streams: Streams, raw: unknown) {
  const stream = streams.find(parseInput(z.object(streamReference), raw));
  return {
    StreamDescriptionSummary: {
      ...describe(stream),
      OpenShardCount: stream.openShards.length,
      ConsumerCount: 0,
      MaxRecordSizeInKiB: limits.recordBytes / 1024,
    },
  };
}

const describe = (stream: Stream) => ({
  StreamName: stream.name,
  StreamARN: stream.arn,
  StreamStatus: 'ACTIVE',
  StreamModeDetails: { StreamMode: stream.mode },
  RetentionPeriodHours: stream.retentionHours,
  StreamCreationTimestamp: stream.created / 1000,
  EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
  EncryptionType: 'NONE',
});
