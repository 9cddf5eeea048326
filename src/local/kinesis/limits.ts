/**
 * What a stream takes and gives, from https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
 * and the pages of the single operations in https://docs.aws.amazon.com/kinesis/latest/APIReference/.
 */
const kib = 1024;
const mib = 1024 * kib;

export const limits = {
  /** Bytes of partition key and data: the default of a stream (large-records.html). */
  recordBytes: mib,
  /** API_PutRecords.html. */
  requestRecords: 500,
  requestBytes: 10 * mib,
  /** A second, a shard. */
  shardRecords: 1000,
  shardBytes: mib,
  /** API_GetRecords.html. */
  readRecords: 10_000,
  readBytes: 10 * mib,
  /** Milliseconds for which an iterator or a token to list on is good. */
  iteratorLife: 300_000,
  retentionHours: { least: 24, most: 8760 },
  /** Shards that an on-demand stream starts with (how-do-i-size-a-stream.html: 4 MB/s). */
  onDemandShards: 4,
  /** The default quota of an account, here of a stream. */
  streamShards: 500,
} as const;
