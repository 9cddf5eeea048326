import type { Scope } from '../../domain/api-key.ts';
import { systemTenant } from '../../domain/system-tenant.ts';
import type { Command } from '../command.ts';
import { Failure, UsageError } from '../failure.ts';
import { checkId } from '../read-args.ts';
import { makeKey } from './make-key.ts';

export const createKey: Command = {
  name: 'keys create',
  operands: 'TENANT',
  summary: 'make an API key and show it, once',
  options: {
    client: { value: 'NAME', help: 'who uses it, such as billing; required' },
    scopes: {
      value: 'LIST',
      help: '`write`, `read` or `read,write` (default write): what it may be used for',
    },
  },
  about: [
    `TENANT may be '*' for a key that reads every tenant's log. Nobody gets a key that writes to \`${systemTenant}\`, the log of what operators change.`,
    'A client has at most two keys at a time, so that one can replace the other without a pause.',
  ],
  examples: [
    'keys create acme --client billing',
    "keys create '*' --client auditor --scopes read",
    `keys create ${systemTenant} --client auditor --scopes read`,
  ],
  async run(args, session) {
    const tenant = args.operand(0) === '*' ? '*' : checkId('a tenant', args.operand(0));
    const client = args.id('client');
    if (client === undefined) throw new UsageError('--client is missing: whose key is it?');
    const scopes = scopesOf(args.text('scopes') ?? 'write');
    if (scopes.has('write') && tenant === '*')
      throw new UsageError("a key for '*' reads only: --scopes read");
    if (scopes.has('write') && tenant === systemTenant)
      throw new UsageError(`nobody writes to ${systemTenant} but this tool: --scopes read`);
    if (tenant !== '*' && (await session.registry.tenant(tenant)) === undefined)
      throw new Failure(`there is no tenant ${tenant}: see \`tenants create\``);
    await makeKey(session, 'key.create', { tenant, client, scopes });
  },
};

function scopesOf(text: string): ReadonlySet<Scope> {
  const scopes = new Set<Scope>();
  for (const each of text.split(',')) {
    if (each !== 'read' && each !== 'write')
      throw new UsageError(`--scopes is write, read or read,write, not ${text}`);
    scopes.add(each);
  }
  return scopes;
}
