import { setTimeout as sleep } from 'node:timers/promises';
import { BatchGetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SealtrailError } from '../domain/error.ts';
import type { Item } from './partiql-insert.ts';

/** Strongly consistent unless told otherwise; asks again for what DynamoDB left out (16 MB an answer, or throttling). */
export async function batchGet(
  client: DynamoDBClient,
  table: string,
  wanted: readonly Item[],
  attributes: readonly string[],
  { consistent = true }: { readonly consistent?: boolean } = {},
): Promise<Item[]> {
  const found: Item[] = [];
  let open = [...wanted];
  const names = Object.fromEntries(attributes.map((name) => [`#${name}`, name]));
  for (let fruitless = 0; open.length > 0; ) {
    const now = open.slice(0, 100);
    const answer = await client.send(
      new BatchGetItemCommand({
        RequestItems: {
          [table]: {
            Keys: now,
            ConsistentRead: consistent,
            ProjectionExpression: Object.keys(names).join(', '),
            ExpressionAttributeNames: names,
          },
        },
      }),
    );
    const items = answer.Responses?.[table] ?? [];
    const left = answer.UnprocessedKeys?.[table]?.Keys ?? [];
    found.push(...items);
    open = [...left, ...open.slice(100)];
    fruitless = left.length === now.length ? fruitless + 1 : 0;
    if (fruitless === 6) throw new SealtrailError('throttled', `${table} answers no reads`);
    if (fruitless > 0) await sleep(Math.random() * 50 * 2 ** fruitless);
  }
  return found;
}
