import { z } from 'zod';
import { parseHashKey } from './hash-key.ts';
import { invalid, KinesisError } from './kinesis-error.ts';
import { hashKey, parseInput, shardId, streamReference } from './parse-input.ts';
import type { Shard } from './shard.ts';
import type { Stream } from './stream.ts';
import type { StreamReference, Streams } from './streams.ts';

const splitInput = z.object({
  ...streamReference,
  ShardToSplit: shardId,
  NewStartingHashKey: hashKey,
});
const mergeInput = z.object({
  ...streamReference,
  ShardToMerge: shardId,
  AdjacentShardToMerge: shardId,
});

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SplitShard.html */
export function splitShard(streams: Streams, raw: unknown) {
  const request = parseInput(splitInput, raw);
  const stream = provisioned(streams, request);
  const shard = open(streams, stream, request.ShardToSplit);
  const at = parseHashKey(request.NewStartingHashKey);
  const { start, end } = shard.range;
  if (at === undefined || at <= start + 1n || at >= end)
    throw invalid(
      `NewStartingHashKey ${request.NewStartingHashKey} used in SplitShard() on shard ${shard.id} in stream ${stream.name} under account ${streams.account} is not both greater than one plus the shard's StartingHashKey ${start} and less than the shard's EndingHashKey ${end}.`,
    );
  stream.split(shard, at, streams.now());
}

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_MergeShards.html */
export function mergeShards(streams: Streams, raw: unknown) {
  const request = parseInput(mergeInput, raw);
  const stream = provisioned(streams, request);
  const shard = open(streams, stream, request.ShardToMerge);
  const adjacent = open(streams, stream, request.AdjacentShardToMerge);
  const touch =
    shard.range.end + 1n === adjacent.range.start || adjacent.range.end + 1n === shard.range.start;
  if (!touch)
    throw invalid(
      `Shards ${shard.id} and ${adjacent.id} in stream ${stream.name} under account ${streams.account} are not an adjacent pair of shards eligible for merging`,
    );
  stream.merge(shard, adjacent, streams.now());
}

/** Both pages: only for streams with the provisioned capacity mode. */
function provisioned(streams: Streams, reference: StreamReference): Stream {
  const stream = streams.find(reference);
  if (stream.mode === 'PROVISIONED') return stream;
  const text = `Stream ${stream.name} is on demand: its shards are not yours to split or merge.`;
  throw new KinesisError('ValidationException', text);
}

function open(streams: Streams, stream: Stream, id: string): Shard {
  const shard = streams.findShard(stream, id);
  if (shard.ended === undefined) return shard;
  throw invalid(
    `Shard ${id} in stream ${stream.name} under account ${streams.account} has already been merged or split, and thus is not eligible for merging or splitting.`,
  );
}
