import { type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { z } from 'zod';
import { idPattern } from '../domain/limits.ts';

const rowSchema = z.object({
  id: z.string(),
  tenant: z.string().regex(idPattern),
  client: z.string().regex(idPattern),
  /** Epoch seconds. */
  issuedAt: z.number().int(),
  expiresAt: z.number().int(),
});

/** A grant as its row describes it; what the issuer signed is the JWT beside it. */
export type GrantRow = z.infer<typeof rowSchema>;

interface ListOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly tenant?: string | undefined;
  /** The client whose grants they are. */
  readonly owner?: string | undefined;
  /** Only grants that end after this, epoch seconds. */
  readonly endingAfter?: number | undefined;
  /** Told after each page how many rows were looked at so far. */
  readonly onPage?: (rows: number) => void;
}

/**
 * Grants, in no order. The table is made for looking ids up, and has no index: this reads all of it, page by page,
 * strongly consistent, and is for an operator who asks now and then.
 */
export async function* listGrants(options: ListOptions): AsyncGenerator<GrantRow> {
  const { client, table, tenant, owner, endingAfter = 0, onPage = () => {} } = options;
  const conditions = ['attribute_exists(jwt)', 'expiresAt > :end'];
  if (tenant !== undefined) conditions.push('tenant = :tenant');
  if (owner !== undefined) conditions.push('#client = :client');
  const pages = paginateScan(
    { client },
    {
      TableName: table,
      ConsistentRead: true,
      FilterExpression: conditions.join(' AND '),
      ...(owner !== undefined && { ExpressionAttributeNames: { '#client': 'client' } }),
      ExpressionAttributeValues: {
        ':end': { N: String(endingAfter) },
        ...(tenant !== undefined && { ':tenant': { S: tenant } }),
        ...(owner !== undefined && { ':client': { S: owner } }),
      },
    },
  );
  let rows = 0;
  for await (const { Items = [], ScannedCount = 0 } of pages) {
    rows += ScannedCount;
    onPage(rows);
    for (const item of Items) {
      yield rowSchema.parse({
        id: item['id']?.S,
        tenant: item['tenant']?.S,
        client: item['client']?.S,
        issuedAt: Number(item['issuedAt']?.N),
        expiresAt: Number(item['expiresAt']?.N),
      });
    }
  }
}
