import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import type { ProducerState } from '../domain/producer.ts';
import { batchGet } from './batch-get.ts';
import * as keys from './keys.ts';
import { packMarks, unpackMarks } from './marks.ts';
import type { Item } from './partiql-insert.ts';
import type {
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
    async states(tenant, wanted) {
      const items = await get(
        tenant,
        wanted.map(({ client: owner, producer }) => keys.producerSortKey(owner, producer)),
      );
      return new Map(items.map((item) => [text(item, 'sk'), stateOf(item)]));
    },

    async marks(tenant, wanted) {
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

    async *watched() {
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
        yield (page.Items ?? []).map((item) => ({ ...toProducer(item), version: versionOf(item) }));
        next = page.LastEvaluatedKey;
      } while (next !== undefined);
    },

    async checkpoints(tenants) {
      const items = await batchGet(
        client,
        table,
        tenants.map((tenant) => keyOf(tenant, keys.checkpointSortKey)),
        ['pk', 'after'],
      );
      return new Map(items.map((item) => [text(item, 'pk'), text(item, 'after')]));
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
      return { producers: Items.map(toProducer), more: LastEvaluatedKey !== undefined };
    },
  };
}

function keyOf(tenant: string, sk: string): Item {
  return { [keys.partitionKey]: { S: tenant }, [keys.sortKey]: { S: sk } };
}

function toProducer(item: Item): KnownProducer {
  const [client = '', producer = ''] = text(item, 'sk')
    .slice(keys.producerPrefix.length)
    .split('#');
  const key: ProducerKey = { client, producer };
  return { tenant: text(item, 'pk'), ...key, state: stateOf(item).state };
}

function stateOf(item: Item): { state: ProducerState; version: number } {
  const parsed = JSON.parse(text(item, 'state')) as Partial<ProducerState>;
  // JSON has no undefined.
  const state = { unlisted: undefined, fin: undefined, ...parsed } as ProducerState;
  return { state, version: versionOf(item) };
}

function versionOf(item: Item): number {
  return Number(item['version']?.N ?? 0);
}

function text(item: Item, name: string): string {
  return item[name]?.S ?? '';
}
