import { systemTenant } from '../../domain/system-tenant.ts';
import { audited } from '../audited.ts';
import type { Command } from '../command.ts';
import { Failure, UsageError } from '../failure.ts';
import { checkId } from '../read-args.ts';
import { tenantColumns, tenantOptions, tenantRow } from './tenant-row.ts';

export const createTenant: Command = {
  name: 'tenants create',
  operands: 'TENANT',
  summary: 'register a tenant, whose keys can then be made',
  options: tenantOptions,
  about: [
    `The name is in keys, grants and audit events and cannot be changed. \`${systemTenant}\` is the log of what operators change; it makes itself.`,
  ],
  examples: ['tenants create acme', 'tenants create acme --retention-days 2555 --quota 120'],
  async run(args, session) {
    const id = checkId('a tenant', args.operand(0));
    if (id === systemTenant)
      throw new UsageError(`${systemTenant} is made by the first change that is recorded in it`);
    const tenant = {
      id,
      retentionDays: args.whole('retention-days', 36_500) ?? 365,
      credentialsPerMinute: args.whole('quota', 1_000_000) ?? 60,
      shards: args.whole('shards', 1024) ?? 1,
    };
    if ((await session.registry.tenant(id)) !== undefined)
      throw new Failure(`there is a tenant ${id} already: see \`tenants set\``);
    const { id: _, ...metadata } = tenant;
    await audited(
      session,
      { action: 'tenant.create', targets: [{ type: 'tenant', id }], metadata },
      async () => {
        if ((await session.registry.createTenant(tenant)) === 'exists')
          throw new Failure(`somebody else created ${id} just now`);
        return { value: undefined };
      },
    );
    session.out.rows([tenantRow(tenant)], tenantColumns);
  },
};
