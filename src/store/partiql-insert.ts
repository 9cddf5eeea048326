import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AttributeValue,
  BatchExecuteStatementCommand,
  type BatchStatementError,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import type { InsertOutcome } from './batch-store.ts';

export type Item = Record<string, AttributeValue>;

/** At most this many statements, and about this many bytes, go into one BatchExecuteStatement. */
const maxStatements = 25;
const maxBytes = 4 * 1024 * 1024;
/** Throttling passes with patience; another failure is left to the caller's own retry after these. */
const failedTries = 3;

/**
 * Inserts items of distinct keys, each at most once, trying again until the signal is aborted. An item
 * that exists already is `present`, so that a try whose answer was lost can be repeated.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html
 */
export async function insertItems(
  client: DynamoDBClient,
  table: string,
  items: readonly Item[],
  signal: AbortSignal,
): Promise<InsertOutcome[]> {
  const outcomes = new Map<Item, InsertOutcome>();
  let open = [...items];
  for (let attempt = 0; open.length > 0; attempt++) {
    if (attempt > 0) await pause(attempt, signal);
    if (signal.aborted) break;
    const answers = await Promise.all(
      chunks(open).map((chunk) => insertChunk(client, table, chunk, signal)),
    );
    for (const [item, outcome] of answers.flat()) {
      // A last try that was cut off says nothing new: what was throttled until then is throttled.
      const cutOff = signal.aborted && outcome === 'failed';
      if (!cutOff || !outcomes.has(item)) outcomes.set(item, outcome);
    }
    open = open.filter((item) => {
      const outcome = outcomes.get(item);
      return outcome === 'throttled' || (outcome === 'failed' && attempt < failedTries);
    });
  }
  return items.map((item) => outcomes.get(item) ?? 'failed');
}

type Answer = readonly [Item, InsertOutcome];

async function insertChunk(
  client: DynamoDBClient,
  table: string,
  items: readonly Item[],
  signal: AbortSignal,
): Promise<Answer[]> {
  const Statements = items.map((item) => ({
    Statement: `INSERT INTO "${table}" VALUE {${Object.keys(item)
      .map((name) => `'${name}': ?`)
      .join(', ')}}`,
    Parameters: Object.values(item),
  }));
  try {
    const { Responses = [] } = await client.send(new BatchExecuteStatementCommand({ Statements }), {
      abortSignal: signal,
    });
    return items.map((item, i) => {
      const response = Responses[i];
      return [item, response === undefined ? 'failed' : outcomeOf(response.Error)];
    });
  } catch (error) {
    // One bad statement refuses the whole call: its neighbours must not suffer for it.
    const refused = error instanceof Error && error.name === 'ValidationException';
    if (!refused || items.length === 1) return items.map((item) => [item, 'failed']);
    const singly = await Promise.all(
      items.map((item) => insertChunk(client, table, [item], signal)),
    );
    return singly.flat();
  }
}

function outcomeOf(error: BatchStatementError | undefined): InsertOutcome {
  if (error === undefined) return 'stored';
  if (error.Code === 'DuplicateItem') return 'present';
  const throttled =
    error.Code === 'ProvisionedThroughputExceeded' || error.Code === 'ThrottlingError';
  return throttled ? 'throttled' : 'failed';
}

function chunks(items: readonly Item[]): Item[][] {
  const result: Item[][] = [];
  let bytes = 0;
  for (const item of items) {
    const size = Object.values(item).reduce(
      (sum, value) => sum + (value.B ?? value.S ?? '').length,
      0,
    );
    const last = result.at(-1);
    if (last === undefined || last.length === maxStatements || bytes + size > maxBytes) {
      result.push([item]);
      bytes = size;
    } else {
      last.push(item);
      bytes += size;
    }
  }
  return result;
}

/** Full jitter between 0 and 50 ms · 2^attempt, at most 2 s. Returns early when aborted. */
async function pause(attempt: number, signal: AbortSignal): Promise<void> {
  const ms = Math.random() * Math.min(50 * 2 ** attempt, 2000);
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
