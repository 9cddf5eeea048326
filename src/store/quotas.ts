import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { expiryAttribute } from './keys.ts';

export interface Quotas {
  /**
   * Takes one of `limit` requests that a key has in the minute of `now` (epoch ms); false if none is left.
   * Exact under concurrency; a refused try is not counted.
   */
  take(keyId: string, limit: number, now: number): Promise<boolean>;
  /** Adds `units` to a name's count in the minute of `now` (epoch ms), and returns the sum. */
  add(name: string, units: number, now: number): Promise<number>;
}

/** A count is of use for a minute; DynamoDB removes it some time after this, seconds. */
const keptSeconds = 3600;

/** Counts in one table, whose key is `id`: `<key id>#<epoch minute>`. */
export function createQuotas({
  client,
  table,
}: {
  readonly client: DynamoDBClient;
  readonly table: string;
}): Quotas {
  return {
    async take(keyId, limit, now) {
      if (limit < 1) return false;
      const minute = Math.floor(now / 60_000);
      try {
        await client.send(
          new UpdateItemCommand({
            TableName: table,
            Key: { id: { S: `${keyId}#${minute}` } },
            UpdateExpression: 'ADD #n :one SET #expires = :expires',
            ConditionExpression: 'attribute_not_exists(#n) OR #n < :limit',
            ExpressionAttributeNames: { '#n': 'n', '#expires': expiryAttribute },
            ExpressionAttributeValues: {
              ':one': { N: '1' },
              ':limit': { N: String(limit) },
              ':expires': { N: String(minute * 60 + keptSeconds) },
            },
          }),
        );
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw error;
      }
    },
    async add(name, units, now) {
      const minute = Math.floor(now / 60_000);
      const { Attributes } = await client.send(
        new UpdateItemCommand({
          TableName: table,
          Key: { id: { S: `${name}#${minute}` } },
          UpdateExpression: 'ADD #n :units SET #expires = :expires',
          ExpressionAttributeNames: { '#n': 'n', '#expires': expiryAttribute },
          ExpressionAttributeValues: {
            ':units': { N: String(units) },
            ':expires': { N: String(minute * 60 + keptSeconds) },
          },
          ReturnValues: 'UPDATED_NEW',
        }),
      );
      return Number(Attributes?.['n']?.N ?? 0);
    },
  };
}
