/** Names that the store and the stack that creates its tables must agree on. */

/** Partition and sort key of the `batches` table, and of its `summary` index. */
export const partitionKey = 'pk';
export const sortKey = 'sk';

/** The attribute (epoch seconds) by which DynamoDB removes what retention has taken. */
export const expiryAttribute = 'expires';

/** Index over the same keys, holding what is needed to choose a batch without reading its body. */
export const summaryIndex = 'summary';

/** The small attributes that `summary` projects besides its keys. */
export const summaryAttributes = [
  'from',
  'count',
  'terms',
  'faults',
  'counts',
  'arrival',
  'client',
  'producer',
  'seq',
  'grant',
  'expires',
] as const;

/** UTC day of an RFC 3339 time. */
export function dayOf(time: string): string {
  return time.slice(0, 10);
}

/** Which of a tenant's `shards` partitions a batch is in: the first four bytes of its id, modulo. */
export function shardOf(batchId: string, shards: number): number {
  return shards === 1 ? 0 : Buffer.from(batchId.slice(0, 6), 'base64url').readUInt32BE(0) % shards;
}

export function batchPartition(tenant: string, day: string, shard: number): string {
  return `${tenant}#${day}#${shard}`;
}

export function batchSortKey(to: string, batchId: string): string {
  return `${to}#${batchId}`;
}

/** What one invocation stored, by the day on which it stored it. */
export function feedPartition(tenant: string, day: string, shard: number): string {
  return `${tenant}#feed#${day}#${shard}`;
}

/** Which days and shards a tenant has: batches under `<day>#<shard>`, the feed under `feed#<day>#<shard>`. */
export function calendarPartition(tenant: string): string {
  return `${tenant}#calendar`;
}

/**
 * What a grant has sent, as the containers of the consumer tell of it. It lies beside the batches for the sake of
 * what that table has: insertion only, a time to live, and a sort key to sum over.
 */
export function tallyPartition(tenant: string, grantId: string): string {
  return `${tenant}#tally#${grantId}`;
}

/** In the `grants` table, the id of a grant's revocation begins so; a grant's own id has no `#`. */
export const revocationPrefix = 'revoked#';
/** The same of a grant that was stopped for its quota, which is no revocation: see `GrantLog.stop`. */
export const stopPrefix = 'stopped#';

/** Index of the `producers` table: those that still need an eye, all under one key. */
export const watchIndex = 'watch';
export const watchAttribute = 'watch';

/** In the `producers` table a partition is a tenant. What is known of a producer: */
export function producerSortKey(client: string, producer: string): string {
  return `${producerPrefix}${client}#${producer}`;
}
export const producerPrefix = 'producer#';

/** The marks of so many of a producer's batches, by number: see `domain/producer.ts`. */
export function marksSortKey(client: string, producer: string, page: number): string {
  return `marks#${client}#${producer}#${page}`;
}

/** How far the tenant's feed was followed. */
export const checkpointSortKey = 'checkpoint';
