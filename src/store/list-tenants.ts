import { type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import type { Item } from './partiql-insert.ts';

/** A tenant as far as one who looks after its data needs to know it. */
export interface ListedTenant {
  readonly id: string;
  readonly retentionDays: number;
}

const prefix = 'tenant#';

/** Every tenant in the registry, in no order. Reads the whole table, its API keys too, and asks for none of them. */
export async function listTenants({
  client,
  table,
}: {
  readonly client: DynamoDBClient;
  readonly table: string;
}): Promise<ListedTenant[]> {
  const found: ListedTenant[] = [];
  let next: Item | undefined;
  do {
    const page = await client.send(
      new ScanCommand({
        TableName: table,
        FilterExpression: 'begins_with(id, :prefix)',
        ProjectionExpression: 'id, retentionDays',
        ExpressionAttributeValues: { ':prefix': { S: prefix } },
        ...(next === undefined ? {} : { ExclusiveStartKey: next }),
      }),
    );
    for (const { id, retentionDays } of page.Items ?? [])
      found.push({
        id: (id?.S ?? '').slice(prefix.length),
        retentionDays: Number(retentionDays?.N),
      });
    next = page.LastEvaluatedKey;
  } while (next !== undefined);
  return found;
}
