import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { z } from 'zod';
import type { ApiKeyRecord } from '../domain/api-key.ts';
import { idPattern } from '../domain/limits.ts';
import type { Item } from './partiql-insert.ts';

const tenantSchema = z.strictObject({
  id: z.string().regex(idPattern),
  /** How long a tenant's batches are kept, from their arrival. */
  retentionDays: z.number().int().min(1).max(36_500),
  /** Partitions that its days are spread over. */
  shards: z.number().int().min(1).max(1024),
  /** Grants that one API key may ask for in a minute. */
  credentialsPerMinute: z.number().int().min(1).max(1_000_000),
});
export type Tenant = z.infer<typeof tenantSchema>;

const keyIdSchema = z.string().regex(/^[a-z0-9]{1,64}$/);

const keySchema = z
  .strictObject({
    hash: z.instanceof(Uint8Array).refine((hash) => hash.length === 32, 'a SHA-256'),
    tenant: z.union([z.literal('*'), z.string().regex(idPattern)]),
    client: z.string().regex(idPattern),
    scopes: z.set(z.enum(['read', 'write'])).min(1),
    created: z.iso.datetime(),
    revoked: z.iso.datetime().exactOptional(),
  })
  .refine((key) => key.tenant !== '*' || !key.scopes.has('write'), 'one tenant is written for');

/** Tenants and API keys. Strongly consistent: what was made a moment ago is found. */
export interface Registry {
  tenant(id: string): Promise<Tenant | undefined>;
  apiKey(keyId: string): Promise<ApiKeyRecord | undefined>;
  /** Changes nothing if the tenant exists. */
  createTenant(tenant: Tenant): Promise<'created' | 'exists'>;
  /** Changes nothing if the key's id exists. */
  putKey(keyId: string, record: ApiKeyRecord): Promise<'created' | 'exists'>;
}

interface TableOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
}

/** The registry in one table, whose key is `id`: `tenant#<id>` and `key#<key id>`. */
export function createRegistry({ client, table }: TableOptions): Registry {
  const get = async (id: string): Promise<Item | undefined> => {
    const { Item: item } = await client.send(
      new GetItemCommand({ TableName: table, Key: { id: { S: id } }, ConsistentRead: true }),
    );
    return item;
  };
  const create = async (item: Item): Promise<'created' | 'exists'> => {
    try {
      await client.send(
        new PutItemCommand({
          TableName: table,
          Item: item,
          ConditionExpression: 'attribute_not_exists(id)',
        }),
      );
      return 'created';
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return 'exists';
      throw error;
    }
  };

  return {
    async tenant(id) {
      const item = await get(`tenant#${id}`);
      return item && toTenant(id, item);
    },
    async apiKey(keyId) {
      const item = await get(`key#${keyId}`);
      return item && toKey(item);
    },
    createTenant: (tenant) => create(ofTenant(tenantSchema.parse(tenant))),
    putKey: (keyId, record) => create(ofKey(keyIdSchema.parse(keyId), keySchema.parse(record))),
  };
}

function ofTenant(tenant: Tenant): Item {
  return {
    id: { S: `tenant#${tenant.id}` },
    retentionDays: { N: String(tenant.retentionDays) },
    shards: { N: String(tenant.shards) },
    credentialsPerMinute: { N: String(tenant.credentialsPerMinute) },
  };
}

function toTenant(id: string, item: Item): Tenant {
  return tenantSchema.parse({
    id,
    retentionDays: Number(item['retentionDays']?.N),
    shards: Number(item['shards']?.N),
    credentialsPerMinute: Number(item['credentialsPerMinute']?.N),
  });
}

function ofKey(keyId: string, record: ApiKeyRecord): Item {
  return {
    id: { S: `key#${keyId}` },
    hash: { B: record.hash },
    tenant: { S: record.tenant },
    client: { S: record.client },
    scopes: { SS: [...record.scopes] },
    created: { S: record.created },
    ...(record.revoked === undefined ? {} : { revoked: { S: record.revoked } }),
  };
}

function toKey(item: Item): ApiKeyRecord {
  const revoked = item['revoked'];
  return keySchema.parse({
    hash: item['hash']?.B,
    tenant: item['tenant']?.S,
    client: item['client']?.S,
    scopes: new Set(item['scopes']?.SS),
    created: item['created']?.S,
    ...(revoked === undefined ? {} : { revoked: revoked.S }),
  });
}
