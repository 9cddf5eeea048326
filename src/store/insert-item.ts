import {
  DuplicateItemException,
  type DynamoDBClient,
  ExecuteStatementCommand,
} from '@aws-sdk/client-dynamodb';
import type { Item } from './partiql-insert.ts';

type Inserted =
  | { readonly kind: 'inserted' }
  /** After more than one attempt, the item may be that of an attempt whose answer was lost. */
  | { readonly kind: 'exists'; readonly attempts: number };

/**
 * Inserts one item, unless its key exists.
 *
 * PartiQL's INSERT never replaces an item, and unlike PutItem can be granted without leave to do so.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.insert.html
 */
export async function insertItem(
  client: DynamoDBClient,
  table: string,
  item: Item,
  abortSignal?: AbortSignal,
): Promise<Inserted> {
  const members = Object.keys(item).map((name) => `'${name}': ?`);
  try {
    await client.send(
      new ExecuteStatementCommand({
        Statement: `INSERT INTO "${table}" VALUE {${members.join(', ')}}`,
        Parameters: Object.values(item),
      }),
      abortSignal && { abortSignal },
    );
    return { kind: 'inserted' };
  } catch (error) {
    if (!(error instanceof DuplicateItemException)) throw error;
    return { kind: 'exists', attempts: error.$metadata.attempts ?? 1 };
  }
}
