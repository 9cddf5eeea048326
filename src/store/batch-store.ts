import type { LineFault } from '../domain/line.ts';

/** A sealed batch as it is stored: the record byte for byte, and what is needed to find it. */
export interface StoredBatch {
  readonly tenant: string;
  readonly shard: number;
  /** Batch id. */
  readonly id: string;
  /** RFC 3339 ms; the batch's latest and earliest event time. */
  readonly to: string;
  readonly from: string;
  readonly record: Buffer;
  /** When Kinesis took the record, epoch ms. */
  readonly arrival: number;
  /** Kinesis shard and sequence number. */
  readonly source: string;
  readonly count: number;
  /** Bloom filter over the events' terms; undefined for a batch without events. */
  readonly terms: Buffer | undefined;
  readonly faults: readonly (readonly [index: number, fault: LineFault])[];
  /** Events by hour, action and outcome (`packCounts`); undefined for a batch without events. */
  readonly counts: string | undefined;
  readonly client: string;
  readonly producer: string;
  readonly seq: number;
  readonly prev: string | null;
  readonly fin: boolean;
  readonly grant: string;
  /** Epoch seconds after which it is no longer shown, and will be removed. */
  readonly expires: number;
}

/**
 * `stored`: on three disks. `throttled`: its partition took no more writes until the deadline, while others
 * may have. `failed`: not known to be stored; try again.
 */
export type WriteOutcome = 'stored' | 'throttled' | 'failed';

/**
 * `stored`: by this call. `present`: it was there before, or a try whose answer was lost put it there. So no item
 * is ever `stored` twice.
 */
export type InsertOutcome = WriteOutcome | 'present';

/**
 * What the consumer needs. Insert-only: nothing here can change or remove an item. Each call answers an outcome
 * for each batch, in order, does not throw, and may be repeated: one tenant's throttled partition, wherever it is,
 * keeps no other tenant's batches from being stored.
 */
export interface BatchWriter {
  /** Notes the days and shards of these batches; must be `stored` before they are inserted. */
  noteDays(batches: readonly StoredBatch[], signal: AbortSignal): Promise<WriteOutcome[]>;
  /** Inserts each batch once, however often it is called; two of one key in a call have the same outcome. */
  insert(batches: readonly StoredBatch[], signal: AbortSignal): Promise<InsertOutcome[]>;
  /** Tells followers what was stored: at least once for every batch whose outcome is `stored`. */
  appendFeed(
    batches: readonly StoredBatch[],
    invocation: string,
    signal: AbortSignal,
  ): Promise<WriteOutcome[]>;
}

/** What a batch can be chosen by, without its body. */
export interface Summary {
  readonly shard: number;
  readonly key: string;
  readonly id: string;
  /** Epoch ms. */
  readonly to: number;
  readonly from: number;
  readonly terms: Uint8Array | undefined;
  readonly hasFaults: boolean;
  /** As the consumer packed them (`unpackCounts`). */
  readonly counts: string | undefined;
  readonly expires: number;
}

/** A batch as it is read back: nothing of it is trusted until it is opened. */
export interface ReadBatch {
  readonly key: string;
  readonly record: Buffer;
  readonly arrival: number;
  readonly expires: number;
}

export type Order = 'asc' | 'desc';

/** Where a scan of sort keys starts. */
export interface Start {
  readonly key: string;
  readonly inclusive: boolean;
}

/** One entry of the feed: a batch that was stored. */
export interface FeedEntry {
  readonly to: string;
  readonly id: string;
  readonly shard: number;
  readonly client: string;
  readonly producer: string;
  readonly seq: number;
  readonly prev: string | null;
  readonly count: number;
  readonly fin: boolean;
}

export interface FeedItem {
  /** `<stored>#<invocation>`, the order of the feed. */
  readonly key: string;
  readonly entries: readonly FeedEntry[];
}

/** What the read API needs. Every call is bound to one tenant, in the key condition. */
export interface BatchReader {
  /** Days (in this order) between two days, both included, each with the shards that it has. */
  days(
    tenant: string,
    range: { kind: 'batches' | 'feed'; from: string; to: string; order: Order },
  ): AsyncIterable<{ readonly day: string; readonly shards: readonly number[] }>;
  /** One page of a day's summaries in one shard, by sort key, from `start` on; `more`: whether others follow. */
  summaries(
    tenant: string,
    query: { day: string; shard: number; order: Order; start: Start | undefined; limit: number },
  ): Promise<{ readonly summaries: readonly Summary[]; readonly more: boolean }>;
  /** The records of these batches, those that (still) exist. */
  records(
    tenant: string,
    keys: readonly { readonly key: string; readonly shard: number }[],
  ): Promise<ReadBatch[]>;
  /** One page of the feed of a day and shard, strongly consistent, after a key and before another. */
  feed(
    tenant: string,
    query: { day: string; shard: number; after: string; before: string; limit: number },
  ): Promise<{ readonly items: readonly FeedItem[]; readonly more: boolean }>;
}
