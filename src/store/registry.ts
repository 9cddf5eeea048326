import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  paginateScan,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { z } from 'zod';
import type { ApiKeyRecord } from '../domain/api-key.ts';
import { idPattern } from '../domain/limits.ts';
import { insertItem } from './insert-item.ts';
import { apiKeyPrefix, tenantPrefix } from './keys.ts';
import type { Item } from './partiql-insert.ts';

/** How often a tenant's shards can be raised: batches are looked for under every count that it had. */
const maxFormerShards = 16;

const tenantSchema = z.strictObject({
  id: z.string().regex(idPattern),
  /** How long a tenant's batches are kept, from their arrival. */
  retentionDays: z.number().int().min(1).max(36_500),
  /** The shortest that `retentionDays` ever was: what is stored may be kept for that long only. Kept by `setTenant`. */
  leastRetentionDays: z.number().int().min(1).max(36_500).exactOptional(),
  /** Partitions that its days are spread over. */
  shards: z.number().int().min(1).max(1024),
  /** What `shards` was before: grants, and batches, of then are still spread so. Kept by `setTenant`. */
  formerShards: z.array(z.number().int().min(1)).max(maxFormerShards).exactOptional(),
  /** Grants that one API key, or one client of an issuer, may ask for in a minute. */
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
  /**
   * Replaces what a tenant was by what it shall be; `conflict`, and nothing changed, if it is no longer as it
   * was. Throws a RangeError for fewer shards, since what lies in the others would be looked for nowhere; and
   * for raising them a 17th time.
   */
  setTenant(from: Tenant, to: Tenant): Promise<'set' | 'conflict'>;
  /** A key is good for nothing from its revocation on, and never good again. The first revocation stays. */
  revokeKey(keyId: string, at: string): Promise<'revoked' | 'conflict'>;
  /**
   * Every tenant, in no order. Reads the whole table, page by page. At a row of another form it throws, naming it;
   * or tells `onMalformed`, and goes on with the others.
   */
  tenants(onMalformed?: (error: Error) => void): AsyncGenerator<Tenant>;
  /** Every key, revoked ones too, or those of one tenant; read like `tenants`. */
  apiKeys(tenant?: string): AsyncGenerator<ApiKeyRecord & { readonly id: string }>;
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
  const create = async (item: Item) =>
    (await insertItem(client, table, item)).kind === 'inserted' ? 'created' : 'exists';
  async function* scan(prefix: string, tenant?: string): AsyncGenerator<Item> {
    const ofTenant = tenant === undefined ? '' : ' AND tenant = :tenant';
    const pages = paginateScan(
      { client },
      {
        TableName: table,
        ConsistentRead: true,
        FilterExpression: `begins_with(id, :prefix)${ofTenant}`,
        ExpressionAttributeValues: {
          ':prefix': { S: prefix },
          ...(tenant === undefined ? {} : { ':tenant': { S: tenant } }),
        },
      },
    );
    for await (const { Items = [] } of pages) yield* Items;
  }

  return {
    async tenant(id) {
      const item = await get(`${tenantPrefix}${id}`);
      return item && toTenant(id, item);
    },
    async apiKey(keyId) {
      const item = await get(`${apiKeyPrefix}${keyId}`);
      return item && toKey(item);
    },
    createTenant: (tenant) => create(ofTenant(tenantSchema.parse(tenant))),
    putKey: (keyId, record) => create(ofKey(keyIdSchema.parse(keyId), keySchema.parse(record))),
    async setTenant(from, to) {
      const next = tenantSchema.parse(to);
      if (next.id !== from.id) throw new RangeError('a tenant cannot be renamed');
      if (next.shards < from.shards) throw new RangeError('shards can only be raised');
      const isRaised = next.shards > from.shards;
      if (isRaised && (from.formerShards ?? []).length >= maxFormerShards)
        throw new RangeError(`shards can be raised ${maxFormerShards} times`);
      return onCondition('set', 'conflict', () =>
        client.send(
          new UpdateItemCommand({
            TableName: table,
            Key: { id: { S: `${tenantPrefix}${next.id}` } },
            UpdateExpression: `SET retentionDays = :days, leastRetentionDays = :least, shards = :shards, #quota = :quota${isRaised ? ' ADD formerShards :former' : ''}`,
            ConditionExpression:
              'retentionDays = :days0 AND shards = :shards0 AND #quota = :quota0',
            ExpressionAttributeNames: { '#quota': 'credentialsPerMinute' },
            ExpressionAttributeValues: {
              ':days': { N: String(next.retentionDays) },
              ':least': {
                N: String(
                  Math.min(from.leastRetentionDays ?? from.retentionDays, next.retentionDays),
                ),
              },
              ':shards': { N: String(next.shards) },
              ':quota': { N: String(next.credentialsPerMinute) },
              ':days0': { N: String(from.retentionDays) },
              ':shards0': { N: String(from.shards) },
              ':quota0': { N: String(from.credentialsPerMinute) },
              ...(isRaised && { ':former': { NS: [String(from.shards)] } }),
            },
          }),
        ),
      );
    },
    revokeKey: (keyId, at) =>
      onCondition('revoked', 'conflict', () =>
        client.send(
          new UpdateItemCommand({
            TableName: table,
            Key: { id: { S: `${apiKeyPrefix}${keyIdSchema.parse(keyId)}` } },
            UpdateExpression: 'SET revoked = :at',
            ConditionExpression: 'attribute_exists(id) AND attribute_not_exists(revoked)',
            ExpressionAttributeValues: { ':at': { S: z.iso.datetime().parse(at) } },
          }),
        ),
      ),
    async *tenants(onMalformed = raise) {
      for await (const item of scan(tenantPrefix)) {
        const id = nameOf(item, tenantPrefix);
        const row = readRow(item, () => toTenant(id, item));
        if (row instanceof Error) onMalformed(row);
        else yield row;
      }
    },
    async *apiKeys(tenant) {
      for await (const item of scan(apiKeyPrefix, tenant)) {
        const id = nameOf(item, apiKeyPrefix);
        const row = readRow(item, () => ({ id, ...toKey(item) }));
        if (row instanceof Error) throw row;
        yield row;
      }
    },
  };
}

/** Runs a conditional write; `unmet` if its condition does not hold. */
async function onCondition<const Met, const Unmet>(
  met: Met,
  unmet: Unmet,
  write: () => Promise<unknown>,
): Promise<Met | Unmet> {
  try {
    await write();
    return met;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return unmet;
    throw error;
  }
}

function nameOf(item: Item, prefix: string): string {
  return (item['id']?.S ?? '').slice(prefix.length);
}

function raise(error: Error): never {
  throw error;
}

function readRow<T>(item: Item, read: () => T): T | TypeError {
  try {
    return read();
  } catch (cause) {
    return new TypeError(`the registry's row ${item['id']?.S} is of another form`, { cause });
  }
}

function ofTenant(tenant: Tenant): Item {
  return {
    id: { S: `${tenantPrefix}${tenant.id}` },
    retentionDays: { N: String(tenant.retentionDays) },
    shards: { N: String(tenant.shards) },
    credentialsPerMinute: { N: String(tenant.credentialsPerMinute) },
  };
}

function toTenant(id: string, item: Item): Tenant {
  const former = item['formerShards']?.NS;
  const retentionDays = Number(item['retentionDays']?.N);
  const least = Number(item['leastRetentionDays']?.N ?? retentionDays);
  return tenantSchema.parse({
    id,
    retentionDays,
    ...(least < retentionDays && { leastRetentionDays: least }),
    shards: Number(item['shards']?.N),
    credentialsPerMinute: Number(item['credentialsPerMinute']?.N),
    ...(former !== undefined && { formerShards: former.map(Number).sort((a, b) => a - b) }),
  });
}

function ofKey(keyId: string, record: ApiKeyRecord): Item {
  return {
    id: { S: `${apiKeyPrefix}${keyId}` },
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
