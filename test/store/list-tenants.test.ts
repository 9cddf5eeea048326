import { afterAll, beforeAll, expect, test } from 'vitest';
import { mintApiKey } from '../../src/domain/api-key.ts';
import { listTenants } from '../../src/store/list-tenants.ts';
import { createRegistry } from '../../src/store/registry.ts';
import { startIdTable } from './id-table.ts';

let table: Awaited<ReturnType<typeof startIdTable>>;
beforeAll(async () => {
  table = await startIdTable('registry');
});
afterAll(() => table.close());

test('every tenant is listed, and no key, from as many pages as there are', async () => {
  const registry = createRegistry(table);
  const wanted = Array.from({ length: 40 }, (_, i) => ({ id: `t${i}`, retentionDays: i + 1 }));
  for (const tenant of wanted)
    await registry.createTenant({ ...tenant, shards: 1, credentialsPerMinute: 60 });
  const { hash, id } = mintApiKey();
  const created = '2026-01-01T00:00:00.000Z';
  await registry.putKey(id, {
    hash,
    tenant: 't1',
    client: 'c',
    scopes: new Set(['read']),
    created,
  });

  const send = table.client.send.bind(table.client);
  const paged = {
    ...table,
    // A page holds 1 MB; here, seven items.
    client: {
      send: (command: { input: object }) =>
        send(Object.assign(command, { input: { ...command.input, Limit: 7 } }) as never),
    } as never,
  };
  const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
  expect((await listTenants(paged)).sort(byId)).toEqual(wanted.sort(byId));
});
