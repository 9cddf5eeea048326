import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { toTime } from '../domain/encoding.ts';
import type {
  BatchWriter,
  FeedEntry,
  InsertOutcome,
  StoredBatch,
  WriteOutcome,
} from './batch-store.ts';
import * as keys from './keys.ts';
import { type Item, insertItems } from './partiql-insert.ts';

/** Entries in one feed item: 1,000 of some 250 bytes stay under DynamoDB's 400 KB an item. */
const feedChunk = 1000;
/** A try to write the feed is given up after this long, ms: readers of the feed rely on it (`feedLagMs`). */
const feedTryMs = 10_000;
const feedTries = 4;
/**
 * A partition that takes no writes is tried again for this long, ms: of the calendar, of the batches, of the feed.
 * Together they stay under what the consumer has (50 s), so that the neighbours' batches go all the way.
 */
const patience = { calendar: 10_000, batches: 20_000, feed: 15_000 };
const knownDays = 10_000;

export interface BatchWriterOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** Epoch ms. */
  readonly now: () => number;
  /** How long throttled items are tried again, ms, at each step; for tests. */
  readonly patienceMs?: number;
}

/** The insert-only side of the `batches` table. Its role may do nothing but PartiQL INSERT. */
export function createBatchWriter({
  client,
  table,
  now,
  patienceMs,
}: BatchWriterOptions): BatchWriter {
  const known = new Set<string>();

  const patient = (step: keyof typeof patience, signal: AbortSignal) =>
    AbortSignal.any([signal, AbortSignal.timeout(patienceMs ?? patience[step])]);

  /** Inserts items of distinct keys; an outcome for each key. */
  const insertKeyed = async (entries: ReadonlyMap<string, Item>, signal: AbortSignal) => {
    const outcomes = await insertItems(client, table, [...entries.values()], signal);
    return new Map([...entries.keys()].map((key, i) => [key, outcomes[i] ?? 'failed']));
  };

  /** Inserts calendar entries that this container has not seen stored yet. */
  const noteKeys = async (entries: ReadonlyMap<string, Item>, signal: AbortSignal) => {
    const unknown = new Map([...entries].filter(([key]) => !known.has(key)));
    const outcomes = await insertKeyed(unknown, signal);
    if (known.size > knownDays) known.clear();
    for (const [key, outcome] of outcomes) if (written(outcome) === 'stored') known.add(key);
    return (key: string): WriteOutcome => written(outcomes.get(key) ?? 'stored');
  };

  /** One try at the feed, all of it with one stamp. */
  const tellFeed = async (
    groups: readonly (readonly StoredBatch[])[],
    invocation: string,
    signal: AbortSignal,
  ): Promise<WriteOutcome[]> => {
    const stored = toTime(now());
    const feeds = groups.map((group) => feedOf(group, stored, invocation));
    const noted = await noteKeys(new Map(feeds.map(({ note }) => note)), signal);
    const ready = feeds.filter(({ note }) => noted(note[0]) === 'stored');
    const told = await insertKeyed(new Map(ready.flatMap(({ items }) => items)), signal);
    return feeds.map(({ note, items }) =>
      joint([noted(note[0]), ...items.map(([key]) => written(told.get(key) ?? 'stored'))]),
    );
  };

  return {
    noteDays: async (batches, signal) => {
      const days = batches.map(({ tenant, to, shard }) =>
        calendarEntry(tenant, `${keys.dayOf(to)}#${shard}`),
      );
      const outcomeOf = await noteKeys(new Map(days), patient('calendar', signal));
      return days.map(([key]) => outcomeOf(key));
    },

    insert: async (batches, signal) => {
      // The same key twice in one call would refuse all of it.
      const distinct = new Map(batches.map((batch) => [keyOf(batch), toItem(batch)]));
      const outcomes = await insertKeyed(distinct, patient('batches', signal));
      return batches.map((batch) => outcomes.get(keyOf(batch)) ?? 'failed');
    },

    appendFeed: async (batches, invocation, signal) => {
      const outcomes = new Map<StoredBatch, WriteOutcome>();
      const groups = Map.groupBy(batches, ({ tenant, shard }) => `${shard}#${tenant}`);
      const until = patient('feed', signal);
      let open = [...groups.values()];
      for (let tries = 0; open.length > 0 && tries < feedTries && !until.aborted; tries++) {
        const tried = AbortSignal.any([until, AbortSignal.timeout(feedTryMs)]);
        const told = await tellFeed(open, invocation, tried);
        for (const [i, group] of open.entries()) {
          const outcome = told[i] ?? 'failed';
          // A last try that was cut off says nothing new: what was throttled until then is throttled.
          const cutOff = until.aborted && outcome === 'failed';
          for (const batch of group)
            if (!cutOff || !outcomes.has(batch)) outcomes.set(batch, outcome);
        }
        open = open.filter((_, i) => told[i] !== 'stored');
      }
      return batches.map((batch) => outcomes.get(batch) ?? 'failed');
    },
  };
}

/** It is there, whoever wrote it. */
function written(outcome: InsertOutcome): WriteOutcome {
  return outcome === 'present' ? 'stored' : outcome;
}

/** What all of these together come to. */
function joint(outcomes: readonly WriteOutcome[]): WriteOutcome {
  if (outcomes.includes('failed')) return 'failed';
  return outcomes.includes('throttled') ? 'throttled' : 'stored';
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
function feedOf(batches: readonly StoredBatch[], stored: string, invocation: string) {
  const { tenant, shard } = batches[0] as StoredBatch;
  const day = keys.dayOf(stored);
  const pk = keys.feedPartition(tenant, day, shard);
  const items: [string, Item][] = [];
  for (let start = 0; start < batches.length; start += feedChunk) {
    const chunk = batches.slice(start, start + feedChunk);
    const part = start === 0 ? '' : `.${start / feedChunk}`;
    const sk = `${stored}#${invocation}${part}`;
    const item: Item = {
      [keys.partitionKey]: { S: pk },
      [keys.sortKey]: { S: sk },
      entries: { S: JSON.stringify(chunk.map(toEntry)) },
      // A follower may stay away for as long as the last of its batches is kept.
      [keys.expiryAttribute]: { N: String(Math.max(...chunk.map(({ expires }) => expires))) },
    };
    items.push([`${pk}/${sk}`, item]);
  }
  return { note: calendarEntry(tenant, `feed#${day}#${shard}`), items };
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
