import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { toTime } from '../domain/encoding.ts';
import { SealtrailError } from '../domain/error.ts';
import type { BatchWriter, FeedEntry, InsertOutcome, StoredBatch } from './batch-store.ts';
import * as keys from './keys.ts';
import { type Item, insertItems } from './partiql-insert.ts';

/** Entries in one feed item: 1,000 of some 250 bytes stay under DynamoDB's 400 KB an item. */
const feedChunk = 1000;
/** A try to write the feed is given up after this long, ms: readers of the feed rely on it (`feedLagMs`). */
const feedTryMs = 10_000;
/**
 * A partition that takes no writes is tried again for this long, ms. It leaves time to tell the feed of its
 * neighbours' batches, which would otherwise wait with it.
 */
const insertPatienceMs = 20_000;
const knownDays = 10_000;

export interface BatchWriterOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** Epoch ms. */
  readonly now: () => number;
  /** How long throttled batches are tried again, ms; for tests. */
  readonly patienceMs?: number;
}

/** The insert-only side of the `batches` table. Its role may do nothing but PartiQL INSERT. */
export function createBatchWriter({
  client,
  table,
  now,
  patienceMs = insertPatienceMs,
}: BatchWriterOptions): BatchWriter {
  const known = new Set<string>();

  const insertAll = async (items: readonly Item[], signal: AbortSignal) => {
    const outcomes = await insertItems(client, table, items, signal);
    if (outcomes.some((outcome) => outcome !== 'stored'))
      throw new SealtrailError(
        'unavailable',
        `${table} took not all of ${items.length} items in time`,
      );
  };

  /** Inserts calendar entries that this container has not seen stored yet. */
  const noteKeys = async (entries: ReadonlyMap<string, Item>, signal: AbortSignal) => {
    const unknown = [...entries].filter(([key]) => !known.has(key));
    await insertAll(
      unknown.map(([, item]) => item),
      signal,
    );
    if (known.size > knownDays) known.clear();
    for (const [key] of unknown) known.add(key);
  };

  return {
    noteDays: (batches, signal) => {
      const days = batches.map(({ tenant, to, shard }) =>
        calendarEntry(tenant, `${keys.dayOf(to)}#${shard}`),
      );
      return noteKeys(new Map(days), signal);
    },

    insert: async (batches, signal) => {
      // The same key twice in one call would refuse all of it.
      const distinct = new Map(batches.map((batch) => [keyOf(batch), batch]));
      const items = [...distinct.values()].map(toItem);
      const patient = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
      const outcomes = await insertItems(client, table, items, patient);
      const byKey = new Map([...distinct.keys()].map((key, i) => [key, outcomes[i]]));
      return batches.map((batch): InsertOutcome => byKey.get(keyOf(batch)) ?? 'failed');
    },

    appendFeed: async (batches, invocation, signal) => {
      const byFeed = Map.groupBy(batches, ({ tenant, shard }) => `${shard}#${tenant}`);
      for (let attempt = 0; ; attempt++) {
        const stored = toTime(now());
        const feeds = [...byFeed.values()].flatMap((group) => feedItems(group, stored, invocation));
        try {
          const tried = AbortSignal.any([signal, AbortSignal.timeout(feedTryMs)]);
          await noteKeys(new Map(feeds.map(({ note }) => note)), tried);
          await insertAll(
            feeds.map(({ item }) => item),
            tried,
          );
          return;
        } catch (error) {
          if (signal.aborted || attempt === 3) throw error;
        }
      }
    },
  };
}

function calendarEntry(tenant: string, sk: string): [string, Item] {
  const pk = keys.calendarPartition(tenant);
  return [`${pk}/${sk}`, { [keys.partitionKey]: { S: pk }, [keys.sortKey]: { S: sk } }];
}

function keyOf({ tenant, to, shard, id }: StoredBatch): string {
  return `${keys.batchPartition(tenant, keys.dayOf(to), shard)}/${keys.batchSortKey(to, id)}`;
}

function toItem(batch: StoredBatch): Item {
  return {
    [keys.partitionKey]: {
      S: keys.batchPartition(batch.tenant, keys.dayOf(batch.to), batch.shard),
    },
    [keys.sortKey]: { S: keys.batchSortKey(batch.to, batch.id) },
    record: { B: batch.record },
    arrival: { N: String(batch.arrival) },
    source: { S: batch.source },
    count: { N: String(batch.count) },
    from: { S: batch.from },
    ...(batch.terms === undefined ? {} : { terms: { B: batch.terms } }),
    ...(batch.faults.length === 0 ? {} : { faults: { S: JSON.stringify(batch.faults) } }),
    ...(batch.counts === undefined ? {} : { counts: { S: batch.counts } }),
    client: { S: batch.client },
    producer: { S: batch.producer },
    seq: { N: String(batch.seq) },
    ...(batch.prev === null ? {} : { prev: { S: batch.prev } }),
    fin: { BOOL: batch.fin },
    grant: { S: batch.grant },
    [keys.expiryAttribute]: { N: String(batch.expires) },
  };
}

/** What one invocation stored of one tenant and shard: an item, or several where one would be too large. */
function feedItems(batches: readonly StoredBatch[], stored: string, invocation: string) {
  const found: { note: [string, Item]; item: Item }[] = [];
  for (let start = 0; start < batches.length; start += feedChunk) {
    const chunk = batches.slice(start, start + feedChunk);
    const { tenant, shard } = chunk[0] as StoredBatch;
    const day = keys.dayOf(stored);
    const part = start === 0 ? '' : `.${start / feedChunk}`;
    const item: Item = {
      [keys.partitionKey]: { S: keys.feedPartition(tenant, day, shard) },
      [keys.sortKey]: { S: `${stored}#${invocation}${part}` },
      entries: { S: JSON.stringify(chunk.map(toEntry)) },
      // A follower may stay away for as long as the last of its batches is kept.
      [keys.expiryAttribute]: { N: String(Math.max(...chunk.map(({ expires }) => expires))) },
    };
    found.push({ note: calendarEntry(tenant, `feed#${day}#${shard}`), item });
  }
  return found;
}

function toEntry({
  to,
  id,
  shard,
  client,
  producer,
  seq,
  prev,
  count,
  fin,
}: StoredBatch): FeedEntry {
  return { to, id, shard, client, producer, seq, prev, count, fin };
}
