import type { Tenant } from '../../store/registry.ts';
import { audited } from '../audited.ts';
import type { Command } from '../command.ts';
import { Failure, UsageError } from '../failure.ts';
import { checkId } from '../read-args.ts';
import { tenantColumns, tenantOptions, tenantRow } from './tenant-row.ts';

export const setTenant: Command = {
  name: 'tenants set',
  operands: 'TENANT',
  summary: 'change retention, quota or shards',
  options: tenantOptions,
  about: [
    'A client feels it with its next credentials, within the hour: until then its grant says what held when it was issued. What is stored keeps the end that it was stored with.',
    'Shards can only be raised. A partition takes about 1,000 write units a second, enough for some 5,000 events a second in batches of 100; with N shards a day’s batches are spread over N partitions by their id. What is stored stays where it is and is found as before. Every read of the tenant looks into all shards, so raise them for writes that are throttled, not in advance.',
    'They can be raised 16 times: what was sent under an earlier grant is looked for under each count that there was.',
  ],
  examples: ['tenants set acme --retention-days 2555', 'tenants set acme --shards 4'],
  async run(args, session) {
    const id = checkId('a tenant', args.operand(0));
    const retentionDays = args.whole('retention-days', 36_500);
    const credentialsPerMinute = args.whole('quota', 1_000_000);
    const shards = args.whole('shards', 1024);
    const from = await session.registry.tenant(id);
    if (from === undefined) throw new Failure(`there is no tenant ${id}`);
    if (shards !== undefined && shards < from.shards)
      throw new UsageError(
        `${id} has ${from.shards} shards: they can only be raised, since batches in the others would be looked for nowhere`,
      );
    const to: Tenant = {
      id,
      retentionDays: retentionDays ?? from.retentionDays,
      credentialsPerMinute: credentialsPerMinute ?? from.credentialsPerMinute,
      shards: shards ?? from.shards,
    };
    const changes = changesOf(from, to);
    if (changes.length === 0) {
      session.out.note(`${id} is so already: nothing was changed`);
    } else {
      await audited(
        session,
        { action: 'tenant.set', targets: [{ type: 'tenant', id }], changes },
        async () => {
          if ((await session.registry.setTenant(from, to)) === 'conflict')
            throw new Failure(`somebody else changed ${id} just now: look at it and try again`);
          return { value: undefined };
        },
      );
    }
    session.out.rows([tenantRow(to)], tenantColumns);
  },
};

function changesOf(from: Tenant, to: Tenant) {
  const names = ['retentionDays', 'credentialsPerMinute', 'shards'] as const;
  return names
    .filter((name) => from[name] !== to[name])
    .map((name) => ({ op: 'replace' as const, path: `/${name}`, from: from[name], to: to[name] }));
}
