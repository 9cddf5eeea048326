import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiKeyRecord, mintApiKey } from '../../src/domain/api-key.ts';
import { createRegistry, type Tenant } from '../../src/store/registry.ts';
import { startIdTable } from './id-table.ts';

let table: Awaited<ReturnType<typeof startIdTable>>;
beforeAll(async () => {
  table = await startIdTable('registry');
});
afterAll(() => table.close());

const acme: Tenant = { id: 'acme', retentionDays: 400, shards: 2, credentialsPerMinute: 60 };

function record(over: Partial<ApiKeyRecord> = {}): ApiKeyRecord {
  return {
    hash: mintApiKey().hash,
    tenant: 'acme',
    client: 'billing',
    scopes: new Set(['read', 'write']),
    created: '2023-11-14T22:13:20.000Z',
    ...over,
  };
}

test('a tenant is read back as it was created', async () => {
  const registry = createRegistry(table);
  expect(await registry.createTenant(acme)).toBe('created');
  expect(await registry.tenant('acme')).toEqual(acme);
});

test('a tenant is created once, and not changed by a second try', async () => {
  const registry = createRegistry(table);
  const first = { ...acme, id: 'first' };
  await registry.createTenant(first);
  expect(await registry.createTenant({ ...first, shards: 9 })).toBe('exists');
  expect(await registry.tenant('first')).toEqual(first);
});

test('a key is read back as it was put, revoked or not', async () => {
  const registry = createRegistry(table);
  const plain = record();
  const revoked = record({ revoked: '2023-12-01T00:00:00.000Z', scopes: new Set(['write']) });
  expect(await registry.putKey('plain', plain)).toBe('created');
  expect(await registry.putKey('gone', revoked)).toBe('created');
  expect(plainly(await registry.apiKey('plain'))).toEqual(plainly(plain));
  expect(plainly(await registry.apiKey('gone'))).toEqual(plainly(revoked));
});

/** Bytes compare alike whatever holds them. */
function plainly(key: ApiKeyRecord | undefined): object | undefined {
  return key && { ...key, hash: Buffer.from(key.hash).toString('hex') };
}

test('a key is put once, and not changed by a second try', async () => {
  const registry = createRegistry(table);
  const first = record();
  await registry.putKey('once', first);
  expect(await registry.putKey('once', record())).toBe('exists');
  expect(plainly(await registry.apiKey('once'))).toEqual(plainly(first));
});

test('what is not there is not there', async () => {
  const registry = createRegistry(table);
  expect(await registry.tenant('nobody')).toBeUndefined();
  expect(await registry.apiKey('nobody')).toBeUndefined();
});

test.each(['', '*', 'a#b', `\${aws:userid}`, 'a"b', 'a\0b', 'x'.repeat(65)])(
  'a tenant cannot be called %j',
  (id) => {
    expect(() => createRegistry(table).createTenant({ ...acme, id })).toThrow();
  },
);

test.each([
  ['no scope', { scopes: new Set<never>() }],
  ['a write scope over all tenants', { tenant: '*' }],
  ['a hash of another length', { hash: new Uint8Array(20) }],
  ['a client with a star', { client: '*' }],
])('a key with %s cannot be put', (_, over) => {
  expect(() => createRegistry(table).putKey('bad', record(over))).toThrow();
});

test('a reader of all tenants can be put', async () => {
  const registry = createRegistry(table);
  const reader = record({ tenant: '*', scopes: new Set(['read']) });
  expect(await registry.putKey('reader', reader)).toBe('created');
  expect((await registry.apiKey('reader'))?.tenant).toBe('*');
});

test('a row that somebody put there in another form is an error, not a tenant', async () => {
  const Item = { id: { S: 'tenant#odd' }, retentionDays: { N: '0' }, shards: { N: '1' } };
  await table.client.send(new PutItemCommand({ TableName: table.table, Item }));
  await expect(createRegistry(table).tenant('odd')).rejects.toThrow();
});
