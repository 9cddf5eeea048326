import {
  type DynamoDBClient,
  QueryCommand,
  type QueryCommandInput,
} from '@aws-sdk/client-dynamodb';
import { fromTime } from '../domain/encoding.ts';
import { batchGet } from './batch-get.ts';
import type { BatchReader, FeedEntry, ReadBatch, Start, Summary } from './batch-store.ts';
import * as keys from './keys.ts';
import type { Item } from './partiql-insert.ts';

export interface BatchReaderOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
}

/** The read side of the `batches` table. */
export function createBatchReader({ client, table }: BatchReaderOptions): BatchReader & {
  /**
   * Whether each batch is stored, under any of these counts of shards. Eventually consistent: a yes is true, a no may
   * be a moment old, and whoever asks asks again. DynamoDB reads the whole item to tell, so a batch costs its size
   * in units of 8 KiB, half of what a consistent read would.
   */
  stored(
    tenant: string,
    shards: readonly number[],
    batches: readonly { readonly to: string; readonly id: string }[],
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
        ...condition(keys.batchPartition(tenant, day, shard), order, start),
        ScanIndexForward: order === 'asc',
        Limit: limit,
      });
      return {
        summaries: (page.Items ?? []).map((item) => toSummary(item, shard)),
        more: page.LastEvaluatedKey !== undefined,
      };
    },

    async records(tenant, wanted) {
      const Keys = wanted.map(({ key, shard }) => ({
        pk: { S: keys.batchPartition(tenant, keys.dayOf(key), shard) },
        sk: { S: key },
      }));
      const items = await batchGet(client, table, Keys, ['sk', 'record', 'arrival', 'expires']);
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
        items: (page.Items ?? []).map((item) => ({
          key: text(item, 'sk'),
          entries: JSON.parse(text(item, 'entries')) as FeedEntry[],
        })),
        more: page.LastEvaluatedKey !== undefined,
      };
    },

    async stored(tenant, shards, batches) {
      const places = batches.flatMap(({ to, id }) =>
        [...new Set(shards.map((count) => keys.shardOf(id, count)))].map((shard) => ({
          pk: { S: keys.batchPartition(tenant, keys.dayOf(to), shard) },
          sk: { S: keys.batchSortKey(to, id) },
        })),
      );
      const distinct = new Map(places.map((place) => [`${place.pk.S}/${place.sk.S}`, place]));
      const items = await batchGet(client, table, [...distinct.values()], ['sk'], {
        consistent: false,
      });
      const found = new Set(items.map((item) => text(item, 'sk')));
      return batches.map(({ to, id }) => found.has(keys.batchSortKey(to, id)));
    },
  };
}

function condition(pk: string, order: 'asc' | 'desc', start: Start | undefined) {
  const bound = order === 'asc' ? '>' : '<';
  const operator = start && (start.inclusive ? `${bound}=` : bound);
  return {
    KeyConditionExpression:
      operator === undefined ? 'pk = :pk' : `pk = :pk AND sk ${operator} :start`,
    ExpressionAttributeValues: {
      ':pk': { S: pk },
      ...(start === undefined ? {} : { ':start': { S: start.key } }),
    },
  };
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
    to: fromTime(to) ?? 0,
    from: fromTime(text(item, 'from')) ?? 0,
    terms: item['terms']?.B,
    hasFaults: item['faults'] !== undefined,
    counts: item['counts']?.S,
    expires: Number(item['expires']?.N),
  };
}

function toReadBatch(item: Item): ReadBatch {
  return {
    key: text(item, 'sk'),
    record: Buffer.from(item['record']?.B ?? []),
    arrival: Number(item['arrival']?.N),
    expires: Number(item['expires']?.N),
  };
}
