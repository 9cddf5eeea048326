import { type DynamoDBClient, paginateQuery } from '@aws-sdk/client-dynamodb';
import { SealtrailError } from '../domain/error.ts';
import { expiryAttribute, partitionKey, sortKey, tallyPartition } from './keys.ts';
import { insertItems } from './partiql-insert.ts';

/** What was sent under a grant. */
export interface Tally {
  /** Of records, as they came. */
  readonly bytes: number;
  /** Lines that are no events, and records that can never be accepted. */
  readonly faults: number;
}

interface Owner {
  readonly tenant: string;
  readonly grant: string;
}

/** What each container of the consumer has told of a grant. Insert-only, and forgotten after two days. */
export interface Tallies {
  /**
   * Notes one more; noted again under the same name (of 1 to 64 characters), it is the same one. Throws
   * `throttled` or `unavailable` if it is not known to be noted when the signal is aborted.
   */
  note(owner: Owner, name: string, tally: Tally, signal: AbortSignal): Promise<void>;
  /** Of all that is noted: strongly consistent. */
  sum(owner: Owner, signal: AbortSignal): Promise<Tally>;
}

/** A grant lives an hour, and what came in time may be consumed late; a tally outlived counts less, not more. */
const keptSeconds = 2 * 86_400;

/** Tallies in the `batches` table, each an item of some 150 bytes. */
export function createTallies({
  client,
  table,
  now,
}: {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** Epoch ms. */
  readonly now: () => number;
}): Tallies {
  return {
    async note({ tenant, grant }, name, { bytes, faults }, signal) {
      const item = {
        [partitionKey]: { S: tallyPartition(tenant, grant) },
        [sortKey]: { S: name },
        bytes: { N: String(bytes) },
        faults: { N: String(faults) },
        [expiryAttribute]: { N: String(Math.floor(now() / 1000) + keptSeconds) },
      };
      const [outcome] = await insertItems(client, table, [item], signal);
      if (outcome !== 'stored' && outcome !== 'present')
        throw new SealtrailError(
          outcome === 'throttled' ? 'throttled' : 'unavailable',
          'a tally could not be noted',
        );
    },
    async sum({ tenant, grant }, abortSignal) {
      const pages = paginateQuery(
        { client },
        {
          TableName: table,
          KeyConditionExpression: `${partitionKey} = :pk`,
          ExpressionAttributeValues: { ':pk': { S: tallyPartition(tenant, grant) } },
          ConsistentRead: true,
        },
        { abortSignal },
      );
      let [bytes, faults] = [0, 0];
      for await (const { Items = [] } of pages) {
        for (const item of Items) {
          bytes += Number(item['bytes']?.N ?? 0);
          faults += Number(item['faults']?.N ?? 0);
        }
      }
      return { bytes, faults };
    },
  };
}
