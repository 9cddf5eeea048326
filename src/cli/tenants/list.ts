import type { Command } from '../command.ts';
import { tenantColumns, tenantRow } from './tenant-row.ts';

export const listTenants: Command = {
  name: 'tenants list',
  summary: 'show all tenants',
  options: {},
  about: [],
  examples: ['tenants list', 'tenants list --json'],
  async run(_, { registry, out }) {
    const tenants = [];
    for await (const tenant of registry.tenants()) tenants.push(tenant);
    tenants.sort((a, b) => (a.id < b.id ? -1 : 1));
    out.rows(tenants.map(tenantRow), tenantColumns);
    if (tenants.length === 0) out.say('There are no tenants.');
  },
};
