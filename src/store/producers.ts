import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { z } from 'zod';
import { fromTime } from '../domain/encoding.ts';
import type { ProducerState } from '../domain/producer.ts';
import { batchGet } from './batch-get.ts';
import * as keys from './keys.ts';
import { packMarks, unpackMarks } from './marks.ts';
import type { Item } from './partiql-insert.ts';
import type {
  Comparison,
  KnownProducer,
  ProducerKey,
  ProducerList,
  ProducerStore,
  SaveOutcome,
} from './producer-store.ts';

/** Item size allows for more, but a page is handed on as a whole. */
const watchPage = 200;

/** The `producers` table: the only one whose items are replaced. */
export function createProducers({
  client,
  table,
}: {
  readonly client: DynamoDBClient;
  readonly table: string;
}): ProducerStore & ProducerList {
  const get = (tenant: string, sortKeys: readonly string[]) =>
    batchGet(
      client,
      table,
      sortKeys.map((sk) => keyOf(tenant, sk)),
      ['pk', 'sk', 'state', 'marks', 'after', 'version'],
    );

  /** Writes an item if it is still as it was read. */
  const put = async (item: Item, version: number): Promise<SaveOutcome> => {
    const isNew = version === 0;
    return ifUnchanged(
      new PutItemCommand({
        TableName: table,
        Item: { ...item, version: { N: String(version + 1) } },
        ConditionExpression: isNew ? 'attribute_not_exists(pk)' : 'version = :version',
        ...(isNew ? {} : { ExpressionAttributeValues: { ':version': { N: String(version) } } }),
      }),
    );
  };

  const ifUnchanged = async (command: PutItemCommand): Promise<SaveOutcome> => {
    try {
      await client.send(command);
      return 'saved';
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return 'conflict';
      throw error;
    }
  };

  return {
    async states(tenant, wanted, onMalformed) {
      const items = await get(
        tenant,
        wanted.map(({ client: owner, producer }) => keys.producerSortKey(owner, producer)),
      );
      return new Map(
        items.flatMap((item) => {
          const found = stateOf(item);
          if (found === undefined) onMalformed?.(text(item, 'sk'));
          return found === undefined ? [] : [[text(item, 'sk'), found] as const];
        }),
      );
    },

    async marks(tenant, wanted, onMalformed) {
      const places = new Map<string, { sortKey: string; page: number }>();
      for (const { client: owner, producer, pages } of wanted)
        for (const page of pages)
          places.set(keys.marksSortKey(owner, producer, page), {
            sortKey: keys.producerSortKey(owner, producer),
            page,
          });
      const found = new Map(
        wanted.map(({ client: owner, producer }) => [
          keys.producerSortKey(owner, producer),
          { marks: new Map<number, string>(), versions: new Map<number, number>() },
        ]),
      );
      for (const item of await get(tenant, [...places.keys()])) {
        const { sortKey = '', page = 0 } = places.get(text(item, 'sk')) ?? {};
        const of = found.get(sortKey);
        if (of === undefined) continue;
        // Without one it could never be written again.
        if (versionOf(item) === 0) onMalformed?.(sortKey);
        of.versions.set(page, versionOf(item));
        for (const [seq, mark] of unpackMarks(page, text(item, 'marks'))) of.marks.set(seq, mark);
      }
      return found;
    },

    saveMarks: (tenant, { client: owner, producer }, page, { marks, versions }, expires) =>
      put(
        {
          ...keyOf(tenant, keys.marksSortKey(owner, producer, page)),
          marks: { S: packMarks(page, marks) },
          [keys.expiryAttribute]: { N: String(expires) },
        },
        versions.get(page) ?? 0,
      ),

    saveState: (tenant, { client: owner, producer }, { state, version }, { watched, expires }) =>
      put(
        {
          ...keyOf(tenant, keys.producerSortKey(owner, producer)),
          state: { S: JSON.stringify(state) },
          ...(watched ? { [keys.watchAttribute]: { S: 'yes' } } : {}),
          [keys.expiryAttribute]: { N: String(expires) },
        },
        version,
      ),

    async *watched(onMalformed) {
      let next: Item | undefined;
      do {
        const page = await client.send(
          new QueryCommand({
            TableName: table,
            IndexName: keys.watchIndex,
            KeyConditionExpression: '#watch = :yes',
            ExpressionAttributeNames: { '#watch': keys.watchAttribute },
            ExpressionAttributeValues: { ':yes': { S: 'yes' } },
            Limit: watchPage,
            ...(next === undefined ? {} : { ExclusiveStartKey: next }),
          }),
        );
        yield (page.Items ?? []).flatMap((item) => {
          const found = stateOf(item);
          if (found === undefined) onMalformed?.(`${text(item, 'pk')}/${text(item, 'sk')}`);
          return found === undefined
            ? []
            : [{ tenant: text(item, 'pk'), ...keyIn(item), ...found }];
        });
        next = page.LastEvaluatedKey;
      } while (next !== undefined);
    },

    async checkpoints(tenants, onMalformed) {
      const items = await batchGet(
        client,
        table,
        tenants.map((tenant) => keyOf(tenant, keys.checkpointSortKey)),
        ['pk', 'after'],
      );
      const isPlace = (item: Item) => fromTime(text(item, 'after').slice(0, 24)) !== undefined;
      for (const item of items) if (!isPlace(item)) onMalformed?.(text(item, 'pk'));
      return new Map(items.filter(isPlace).map((item) => [text(item, 'pk'), text(item, 'after')]));
    },

    async advance(tenant, after) {
      await ifUnchanged(
        new PutItemCommand({
          TableName: table,
          Item: { ...keyOf(tenant, keys.checkpointSortKey), after: { S: after } },
          ConditionExpression: 'attribute_not_exists(pk) OR #after < :after',
          ExpressionAttributeNames: { '#after': 'after' },
          ExpressionAttributeValues: { ':after': { S: after } },
        }),
      );
    },

    async comparisons(tenants) {
      const items = await batchGet(
        client,
        table,
        tenants.map((tenant) => keyOf(tenant, keys.comparisonSortKey)),
        ['pk', 'comparison'],
      );
      return new Map(
        items.flatMap((item) => {
          const found = comparisonOf(item);
          return found === undefined ? [] : [[text(item, 'pk'), found] as const];
        }),
      );
    },

    async saveComparison(tenant, comparison) {
      await client.send(
        new PutItemCommand({
          TableName: table,
          Item: {
            ...keyOf(tenant, keys.comparisonSortKey),
            comparison: { S: JSON.stringify(comparison) },
          },
        }),
      );
    },

    async untold(tenant) {
      const { Items = [] } = await client.send(
        new QueryCommand({
          TableName: table,
          KeyConditionExpression: 'pk = :pk AND sk = :sk',
          ExpressionAttributeValues: {
            ':pk': { S: tenant },
            ':sk': { S: keys.comparisonSortKey },
          },
          ConsistentRead: true,
        }),
      );
      return Items.flatMap((item) => comparisonOf(item)?.untold ?? []);
    },

    async list(tenant, { after, limit }) {
      const { Items = [], LastEvaluatedKey } = await client.send(
        new QueryCommand({
          TableName: table,
          KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
          ExpressionAttributeValues: {
            ':pk': { S: tenant },
            ':prefix': { S: keys.producerPrefix },
          },
          ConsistentRead: true,
          Limit: limit,
          ...(after === undefined
            ? {}
            : {
                ExclusiveStartKey: keyOf(
                  tenant,
                  keys.producerSortKey(after.client, after.producer),
                ),
              }),
        }),
      );
      const producers: KnownProducer[] = [];
      const malformed: ProducerKey[] = [];
      for (const item of Items) {
        const found = stateOf(item);
        if (found === undefined) malformed.push(keyIn(item));
        else producers.push({ tenant, ...keyIn(item), state: found.state });
      }
      const last = Items.at(-1);
      const isMore = LastEvaluatedKey !== undefined && last !== undefined;
      return { producers, malformed, next: isMore ? keyIn(last) : undefined };
    },
  };
}

function keyOf(tenant: string, sk: string): Item {
  return { [keys.partitionKey]: { S: tenant }, [keys.sortKey]: { S: sk } };
}

function keyIn(item: Item): ProducerKey {
  const [client = '', producer = ''] = text(item, 'sk')
    .slice(keys.producerPrefix.length)
    .split('#');
  return { client, producer };
}

const whole = z.int().min(0);
const when = z.number();
const stateSchema = z.object({
  runs: z.array(
    z.object({
      from: whole,
      to: whole,
      prev: z.string().nullable(),
      last: z.string(),
      since: when,
    }),
  ),
  doubled: z.array(whole),
  unlinked: z.array(whole),
  moreForks: z.boolean(),
  unlisted: z.object({ count: whole, since: when }).optional(),
  fin: whole.optional(),
  lastSeen: when,
  acknowledged: z
    .array(z.object({ from: whole, to: whole, at: when, why: z.string() }))
    .exactOptional(),
});

/** Undefined for a row of another form. */
function stateOf(item: Item): { state: ProducerState; version: number } | undefined {
  const parsed = parseWith(stateSchema, text(item, 'state'));
  const version = versionOf(item);
  if (parsed === undefined || version === 0) return undefined;
  // JSON has no undefined.
  return { state: { unlisted: undefined, fin: undefined, ...parsed }, version };
}

const comparisonSchema = z.object({
  places: z.record(
    z.string(),
    z.object({
      day: z.string(),
      shard: whole,
      after: z.string().optional(),
    }),
  ),
  untold: z.array(
    z.object({
      client: z.string(),
      producer: z.string(),
      seq: whole,
      key: z.string(),
      shard: whole,
      since: when,
    }),
  ),
});

function comparisonOf(item: Item): Comparison | undefined {
  return parseWith(comparisonSchema, text(item, 'comparison'));
}

function parseWith<T>(schema: z.ZodType<T>, json: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}

function versionOf(item: Item): number {
  return Number(item['version']?.N ?? 0);
}

function text(item: Item, name: string): string {
  return item[name]?.S ?? '';
}
