import {
  BatchWriteItemCommand,
  type CreateTableCommandInput,
  type DynamoDBClient,
  QueryCommand,
  type QueryCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { Event } from '../../src/domain/event.ts';
import { monthEnd, monthStart } from '../fixture/month.ts';

const indexes = ['actor', 'action', 'target'] as const;

/** What one would build first: an item per event, by tenant and day, with three indexes that hold all of it. */
export const plainTable: CreateTableCommandInput = {
  TableName: 'plain',
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: ['pk', 'sk', ...indexes].map((AttributeName) => ({
    AttributeName,
    AttributeType: 'S',
  })),
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  GlobalSecondaryIndexes: indexes.map((name) => ({
    IndexName: name,
    KeySchema: [
      { AttributeName: name, KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    Projection: { ProjectionType: 'ALL' },
  })),
};

export async function storePlain(
  client: DynamoDBClient,
  month: Iterable<readonly Event[]>,
): Promise<void> {
  for (const events of month) {
    for (let i = 0; i < events.length; i += 25) {
      const puts = events
        .slice(i, i + 25)
        .map((event) => ({ PutRequest: { Item: toItem(event) } }));
      await client.send(new BatchWriteItemCommand({ RequestItems: { plain: puts } }));
    }
  }
}

function toItem(event: Event) {
  const { actor, action, targets, outcome, correlationId = '', id, time } = event;
  const text = JSON.stringify(event);
  return {
    pk: { S: `acme#${time.slice(0, 10)}` },
    sk: { S: id },
    actor: { S: `acme#${actor.id}` },
    action: { S: `acme#${action}` },
    target: { S: `acme#${targets[0]?.type}:${targets[0]?.id}` },
    outcome: { S: outcome },
    correlation: { S: correlationId },
    ticket: { S: String(event.metadata?.['ticket'] ?? '-') },
    event: { S: text },
  };
}

interface PlainQuery {
  /** Where an index answers it. */
  readonly index?: { readonly name: (typeof indexes)[number]; readonly value: string };
  /** Whatever no index answers: everything is read, and this is kept. */
  readonly keep?: { readonly name: string; readonly value: string; readonly contains?: boolean };
  readonly limit?: number;
}

/** Ids of the month's events that match, newest first. */
export async function readPlain(
  client: DynamoDBClient,
  { index, keep, limit = Number.POSITIVE_INFINITY }: PlainQuery,
): Promise<string[]> {
  const found: string[] = [];
  const partitions = index === undefined ? days() : [`acme#${index.value}`];
  for (const partition of partitions) {
    let next: QueryCommandInput['ExclusiveStartKey'];
    do {
      const { Items = [], LastEvaluatedKey } = await client.send(
        new QueryCommand({
          TableName: 'plain',
          ...(index && { IndexName: index.name }),
          KeyConditionExpression: '#pk = :pk',
          ExpressionAttributeNames: {
            '#pk': index?.name ?? 'pk',
            ...(keep && { '#keep': keep.name }),
          },
          ExpressionAttributeValues: {
            ':pk': { S: partition },
            ...(keep && { ':keep': { S: keep.value } }),
          },
          ...(keep && {
            FilterExpression: keep.contains ? 'contains(#keep, :keep)' : '#keep = :keep',
          }),
          ScanIndexForward: false,
          ...(Number.isFinite(limit) && keep === undefined && { Limit: limit - found.length }),
          ...(next && { ExclusiveStartKey: next }),
        }),
      );
      for (const item of Items) found.push(item['sk']?.S ?? '');
      if (found.length >= limit) return found.slice(0, limit);
      next = LastEvaluatedKey;
    } while (next !== undefined);
  }
  return found;
}

/** Newest first. */
function days(): string[] {
  const found: string[] = [];
  for (let ms = monthEnd - 1; ms >= monthStart; ms -= 86_400_000)
    found.push(`acme#${new Date(ms).toISOString().slice(0, 10)}`);
  return found;
}
