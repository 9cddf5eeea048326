import {
  type DynamoDBClient,
  QueryCommand,
  type QueryCommandInput,
} from '@aws-sdk/client-dynamodb';
import { z } from 'zod';
import { fromTime } from '../domain/encoding.ts';
import { parseJson } from '../domain/json.ts';
import { idPattern } from '../domain/limits.ts';
import { digestPattern } from '../domain/manifest.ts';
import { endsEarly } from '../domain/retention.ts';
import { uuidV7Pattern } from '../domain/uuid.ts';
import { batchGet } from './batch-get.ts';
import type { BatchReader, FeedEntry, FeedItem, ReadBatch, Start, Summary } from './batch-store.ts';
import * as keys from './keys.ts';
import type { Item } from './partiql-insert.ts';

export interface BatchReaderOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
}

/** The read side of the `batches` table. */
export function createBatchReader({ client, table }: BatchReaderOptions): BatchReader & {
  /**
   * Whether each batch is stored, under any of these counts of shards, in a row that DynamoDB will not remove before its
   * batch has been kept for so many days. Eventually consistent: a yes is true, a no may
   * be a moment old, and whoever asks asks again. DynamoDB reads the whole item to tell, so a batch costs its size
   * in units of 8 KiB, half of what a consistent read would.
   */
  stored(
    tenant: string,
    shards: readonly number[],
    batches: readonly { readonly to: string; readonly id: string }[],
    keptDays: number,
  ): Promise<boolean[]>;
} {
  const query = (input: Omit<QueryCommandInput, 'TableName'>) =>
    client.send(new QueryCommand({ TableName: table, ...input }));

  return {
    async *days(tenant, { kind, from, to, order }) {
      const prefix = kind === 'feed' ? 'feed#' : '';
      let shards: number[] = [];
      let current = '';
      let next: Item | undefined;
      do {
        const page = await query({
          KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
          ExpressionAttributeValues: {
            ':pk': { S: keys.calendarPartition(tenant) },
            ':from': { S: `${prefix}${from}#` },
            ':to': { S: `${prefix}${to}#~` },
          },
          ScanIndexForward: order === 'asc',
          ConsistentRead: true,
          Limit: 200,
          ...(next === undefined ? {} : { ExclusiveStartKey: next }),
        });
        for (const item of page.Items ?? []) {
          const [day = '', shard = '0'] = text(item, 'sk').slice(prefix.length).split('#');
          if (day !== current && shards.length > 0) {
            yield { day: current, shards };
            shards = [];
          }
          current = day;
          shards.push(Number(shard));
        }
        next = page.LastEvaluatedKey;
      } while (next !== undefined);
      if (shards.length > 0) yield { day: current, shards };
    },

    async summaries(tenant, { day, shard, order, start, limit }) {
      const page = await query({
        IndexName: keys.summaryIndex,
        ...condition(keys.batchPartition(tenant, day, shard), day, order, start),
        ScanIndexForward: order === 'asc',
        // BETWEEN includes its ends: the start itself may be among them.
        Limit: limit + 1,
      });
      const found = (page.Items ?? [])
        .map((item) => toSummary(item, shard))
        .filter(({ key }) => start?.inclusive !== false || key !== start.key);
      return {
        summaries: found.slice(0, limit),
        more: page.LastEvaluatedKey !== undefined || found.length > limit,
      };
    },

    async records(tenant, wanted) {
      const Keys = wanted.map(({ key, shard }) => ({
        pk: { S: keys.batchPartition(tenant, keys.dayOf(key), shard) },
        sk: { S: key },
      }));
      const items = await batchGet(client, table, Keys, [
        'pk',
        'sk',
        'record',
        'arrival',
        'expires',
      ]);
      return items.map(toReadBatch);
    },

    async feed(tenant, { day, shard, after, before, limit }) {
      const page = await query({
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :after AND :before',
        ExpressionAttributeValues: {
          ':pk': { S: keys.feedPartition(tenant, day, shard) },
          // BETWEEN includes its ends; a key is never just a prefix of another key here.
          ':after': { S: `${after}\0` },
          ':before': { S: before },
        },
        ConsistentRead: true,
        Limit: limit,
      });
      return {
        items: (page.Items ?? []).map(toFeedItem),
        more: page.LastEvaluatedKey !== undefined,
      };
    },

    async stored(tenant, shards, batches, keptDays) {
      const places = batches.flatMap(({ to, id }) =>
        [...new Set(shards.map((count) => keys.shardOf(id, count)))].map((shard) => ({
          pk: { S: keys.batchPartition(tenant, keys.dayOf(to), shard) },
          sk: { S: keys.batchSortKey(to, id) },
        })),
      );
      const distinct = new Map(places.map((place) => [`${place.pk.S}/${place.sk.S}`, place]));
      const items = await batchGet(client, table, [...distinct.values()], ['sk', 'expires'], {
        consistent: false,
      });
      const kept = items.map(toReadBatch).filter(({ key, expires }) => {
        const to = fromTime(key.slice(0, key.indexOf('#'))) ?? Number.NaN;
        return !endsEarly({ to, expires }, keptDays);
      });
      const found = new Set(kept.map(({ key }) => key));
      return batches.map(({ to, id }) => found.has(keys.batchSortKey(to, id)));
    },
  };
}

/**
 * From `start` to the end of the day, or back to its beginning. Only keys of the day itself: a row that was put there
 * under another day's time would look like the end of what was asked for, and hide all that lies behind it.
 */
function condition(pk: string, day: string, order: 'asc' | 'desc', start: Start | undefined) {
  const low = order === 'asc' && start !== undefined ? latest(`${day}T`, start.key) : `${day}T`;
  const high = order === 'desc' && start !== undefined ? earliest(`${day}~`, start.key) : `${day}~`;
  return {
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :low AND :high',
    ExpressionAttributeValues: {
      ':pk': { S: pk },
      ':low': { S: low },
      // DynamoDB refuses a range that ends before it starts.
      ':high': { S: latest(low, high) },
    },
  };
}

function latest(a: string, b: string): string {
  return a > b ? a : b;
}

function earliest(a: string, b: string): string {
  return a < b ? a : b;
}

function text(item: Item, name: string): string {
  return item[name]?.S ?? '';
}

function toSummary(item: Item, shard: number): Summary {
  const key = text(item, 'sk');
  const [to = '', id = ''] = key.split('#');
  return {
    shard,
    key,
    id,
    to: fromTime(to) ?? Number.NaN,
    from: fromTime(text(item, 'from')) ?? Number.NaN,
    terms: item['terms']?.B,
    hasFaults: item['faults'] !== undefined,
    counts: item['counts']?.S,
    client: text(item, 'client'),
    producer: text(item, 'producer'),
    seq: Number(item['seq']?.N),
    arrival: Number(item['arrival']?.N),
    grant: text(item, 'grant'),
    expires: Number(item['expires']?.N),
  };
}

const entriesSchema: z.ZodType<FeedEntry[]> = z.array(
  z.object({
    to: z.string().refine((to) => fromTime(to) !== undefined),
    id: z.string().regex(digestPattern),
    shard: z.int().min(0),
    client: z.string().regex(idPattern),
    producer: z.string().regex(uuidV7Pattern),
    seq: z.int().min(0),
    prev: z.string().regex(digestPattern).nullable(),
    count: z.int().min(0),
    fin: z.boolean(),
  }),
);

/** One broken item must not stop those who follow the feed. */
function toFeedItem(item: Item): FeedItem {
  const key = text(item, 'sk');
  const json = parseJson(text(item, 'entries'));
  const entries = entriesSchema.safeParse(json.ok ? json.value : undefined);
  return entries.success && fromTime(key.slice(0, 24)) !== undefined
    ? { key, entries: entries.data }
    : { key, entries: [], isBroken: true };
}

function toReadBatch(item: Item): ReadBatch {
  return {
    key: text(item, 'sk'),
    shard: Number(text(item, 'pk').split('#').at(-1)),
    record: Buffer.from(item['record']?.B ?? []),
    arrival: Number(item['arrival']?.N),
    expires: Number(item['expires']?.N),
  };
}
