import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ApiKeyRecord, mintApiKey } from '../../src/domain/api-key.ts';
import { createGrantLog } from '../../src/store/grant-log.ts';
import { type GrantRow, listGrants } from '../../src/store/list-grants.ts';
import { createRegistry, type Tenant } from '../../src/store/registry.ts';
import { startIdTable } from './id-table.ts';

let table: Awaited<ReturnType<typeof startIdTable>>;
beforeAll(async () => {
  table = await startIdTable('registry');
});
afterAll(() => table.close());

let made = 0;
let acme: Tenant;
beforeEach(async () => {
  acme = { id: `acme-${++made}`, retentionDays: 400, shards: 2, credentialsPerMinute: 60 };
  await createRegistry(table).createTenant(acme);
});

const key = (over: Partial<ApiKeyRecord> = {}): ApiKeyRecord => ({
  hash: mintApiKey().hash,
  tenant: acme.id,
  client: 'billing',
  scopes: new Set(['write']),
  created: '2026-01-01T00:00:00.000Z',
  ...over,
});

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test('a tenant is changed as a whole', async () => {
  const registry = createRegistry(table);
  const next = { ...acme, retentionDays: 7, shards: 3, credentialsPerMinute: 5 };
  expect(await registry.setTenant(acme, next)).toBe('set');
  expect(await registry.tenant(acme.id)).toEqual({ ...next, formerShards: [2] });
});

test('every count of shards that a tenant had is kept, and there can be 16', async () => {
  const registry = createRegistry(table);
  let from = acme;
  for (let raised = 1; raised <= 16; raised++) {
    expect(await registry.setTenant(from, { ...from, shards: from.shards + 1 })).toBe('set');
    from = (await registry.tenant(acme.id)) ?? from;
  }
  expect(from.formerShards).toEqual(Array.from({ length: 16 }, (_, i) => i + 2));
  await expect(registry.setTenant(from, { ...from, shards: 99 })).rejects.toThrow(RangeError);
  expect(await registry.setTenant(from, { ...from, retentionDays: 5 })).toBe('set');
  expect(await registry.tenant(acme.id)).toEqual({ ...from, retentionDays: 5 });
});

test('the shortest retention that a tenant had is kept, for what was stored then', async () => {
  const registry = createRegistry(table);
  const set = async (retentionDays: number) => {
    const from = (await registry.tenant(acme.id)) ?? acme;
    expect(await registry.setTenant(from, { ...from, retentionDays })).toBe('set');
    return (await registry.tenant(acme.id))?.leastRetentionDays;
  };
  expect(await set(90)).toBe(acme.retentionDays < 90 ? acme.retentionDays : undefined);
  expect(await set(7)).toBeUndefined();
  expect(await set(400)).toBe(7);
  expect(await set(30)).toBe(7);
});

test('a tenant that somebody changed meanwhile, or that is not there, is not changed', async () => {
  const registry = createRegistry(table);
  const theirs = { ...acme, retentionDays: 7 };
  await registry.setTenant(acme, theirs);
  expect(await registry.setTenant(acme, { ...acme, shards: 9 })).toBe('conflict');
  expect(await registry.tenant(acme.id)).toEqual(theirs);
  const nobody = { ...acme, id: 'nobody' };
  expect(await registry.setTenant(nobody, { ...nobody, shards: 9 })).toBe('conflict');
  expect(await registry.tenant('nobody')).toBeUndefined();
});

test.each([
  ['fewer shards', { shards: 1 }],
  ['another name', { id: 'other' }],
  ['no retention', { retentionDays: 0 }],
  ['a fraction of a shard', { shards: 2.5 }],
])('a tenant cannot get %s', async (_, over) => {
  await expect(createRegistry(table).setTenant(acme, { ...acme, ...over })).rejects.toThrow();
  expect(await createRegistry(table).tenant(acme.id)).toEqual(acme);
});

test('a key is revoked once, and the first revocation stays', async () => {
  const registry = createRegistry(table);
  await registry.putKey(`k${made}`, key());
  const at = '2026-02-01T00:00:00.000Z';
  expect(await registry.revokeKey(`k${made}`, at)).toBe('revoked');
  expect(await registry.revokeKey(`k${made}`, '2027-01-01T00:00:00.000Z')).toBe('conflict');
  expect((await registry.apiKey(`k${made}`))?.revoked).toBe(at);
});

test('a key that is not there cannot be revoked, and is not made by trying', async () => {
  const registry = createRegistry(table);
  expect(await registry.revokeKey('nobody', '2026-02-01T00:00:00.000Z')).toBe('conflict');
  expect(await registry.apiKey('nobody')).toBeUndefined();
});

test('tenants and keys are listed, each apart from the other, keys of one tenant too', async () => {
  const registry = createRegistry(table);
  await registry.putKey(`a${made}`, key());
  await registry.putKey(`b${made}`, key({ tenant: '*', scopes: new Set(['read']) }));
  expect(await collect(registry.tenants())).toContainEqual(acme);
  expect((await collect(registry.apiKeys(acme.id))).map(({ id }) => id)).toEqual([`a${made}`]);
  const all = (await collect(registry.apiKeys())).map(({ id }) => id);
  expect(all).toEqual(expect.arrayContaining([`a${made}`, `b${made}`]));
});

test('more than one page is listed whole', async () => {
  // A page of Scan ends at 1 MB: rows of 40 KB each, which are no tenants, fill several.
  const padding = 'x'.repeat(40_000);
  for (let i = 0; i < 60; i++) {
    const Item = { id: { S: `padding#${made}#${i}` }, padding: { S: padding } };
    await table.client.send(new PutItemCommand({ TableName: table.table, Item }));
  }
  const tenants = Array.from({ length: 30 }, (_, i) => ({ ...acme, id: `many-${made}-${i}` }));
  for (const tenant of tenants) await createRegistry(table).createTenant(tenant);
  const listed = await collect(createRegistry(table).tenants());
  expect(listed.filter(({ id }) => id.startsWith(`many-${made}`))).toHaveLength(30);
});

test('a row of another form is named when it is listed', async () => {
  const other = await startIdTable('odd');
  const Item = { id: { S: 'tenant#odd' }, retentionDays: { N: '0' } };
  await other.client.send(new PutItemCommand({ TableName: other.table, Item }));
  const registry = createRegistry(other);
  await expect(collect(registry.tenants())).rejects.toThrow(/row tenant#odd/);
  await registry.createTenant({ ...acme, id: 'good' });
  const told: string[] = [];
  const listed = await collect(registry.tenants(({ message }) => told.push(message)));
  expect(listed.map(({ id }) => id)).toEqual(['good']);
  expect(told).toEqual(["the registry's row tenant#odd is of another form"]);
  await other.close();
});

test('grants are listed by tenant, client and end, without the revocations beside them', async () => {
  const grants = await startIdTable('grants');
  const log = createGrantLog(grants);
  const issue = (id: string, tenant: string, client: string, expiresAt: number) =>
    log.insert(id, 'jwt', { tenant, client, issuedAt: 1000, expiresAt });
  await issue('g1', 'acme', 'billing', 2000);
  await issue('g2', 'acme', 'web', 5000);
  await issue('g3', 'other', 'billing', 5000);
  await log.revoke('g2', 3_000_000);
  const ids = async (over: object) => {
    const found: GrantRow[] = await collect(listGrants({ ...grants, ...over }));
    return found.map(({ id }) => id).sort();
  };
  expect(await ids({})).toEqual(['g1', 'g2', 'g3']);
  expect(await ids({ tenant: 'acme' })).toEqual(['g1', 'g2']);
  expect(await ids({ tenant: 'acme', owner: 'billing' })).toEqual(['g1']);
  expect(await ids({ endingAfter: 2000 })).toEqual(['g2', 'g3']);
  const looked: number[] = [];
  await ids({ tenant: 'other', onPage: (rows: number) => looked.push(rows) });
  expect(looked.at(-1)).toBe(4);
  await grants.close();
});
