import type { Shard } from './shard.ts';

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Shard.html */
export function describeShard(shard: Shard) {
  const [ParentShardId, AdjacentParentShardId] = shard.parents;
  return {
    ShardId: shard.id,
    ParentShardId,
    AdjacentParentShardId,
    HashKeyRange: describeRange(shard),
    SequenceNumberRange: {
      StartingSequenceNumber: shard.startingSequenceNumber,
      EndingSequenceNumber: shard.endingSequenceNumber,
    },
  };
}

export function describeRange({ range }: Shard) {
  return { StartingHashKey: String(range.start), EndingHashKey: String(range.end) };
}
