import { z } from 'zod';
import { toTime } from '../../domain/encoding.ts';
import { parseJws } from '../../domain/jws.ts';
import { audited } from '../audited.ts';
import type { Command } from '../command.ts';
import { Failure, UsageError } from '../failure.ts';
import type { Session } from '../session.ts';
import { openSystemLog, systemTenant } from '../system-log.ts';
import { type FoundGrant, findGrants, holds } from './find-grants.ts';

/** An event has no more targets than this. */
const maxTargets = 50;

export const revokeGrants: Command = {
  name: 'grants revoke',
  summary: 'let no more batches in under a grant, or under all of a tenant or client',
  options: {
    id: { value: 'GRANT', repeated: true, help: 'this grant; may be given several times' },
    tenant: { value: 'TENANT', help: "all of this tenant's grants that still hold" },
    client: { value: 'NAME', help: 'with --tenant: only of this client' },
  },
  about: [
    'From now on: batches that arrive more than 60 seconds after this are quarantined as `grant-revoked`; the consumer looks a grant up again every 30 seconds. Batches that arrived before stay, and are good.',
    'A grant that was stopped for its quota can be revoked too: then what was held back cannot be redriven.',
    'A client whose key still works gets a new grant at once: revoke the key first (`keys revoke`), wait 30 seconds, then the grants.',
  ],
  examples: [
    'grants revoke --tenant acme --client billing',
    'grants revoke --id Gg4c1Zq0c8mYbX2fJ5kqv0n7T3wLr9sD6hAeUiOpKyE',
  ],
  async run(args, session) {
    const open = await choose(
      { ids: args.texts('id'), tenant: args.id('tenant'), client: args.id('client') },
      session,
    );
    if (open.length === 0) {
      session.out.say('No such grant still holds: nothing was changed.');
      return;
    }
    const revoked: { id: string; tenant: string; client: string; revoked: string }[] = [];
    const log = await openSystemLog(session).catch((cause: unknown) => {
      throw new Failure('nothing was changed, because nothing can be recorded', { cause });
    });
    for (let i = 0; i < open.length; i += maxTargets) {
      const part = open.slice(i, i + maxTargets);
      const targets = part.map(({ id }) => ({ type: 'grant', id }));
      const clients = [...new Set(part.map(({ tenant, client }) => `${tenant}/${client}`))];
      const last = i + maxTargets >= open.length;
      await audited(
        session,
        { action: 'grant.revoke', targets, metadata: { clients } },
        async () => {
          const at = session.now();
          for (const { id } of part) await session.grants.revoke(id, at);
          for (const { id, tenant, client } of part)
            revoked.push({ id, tenant, client, revoked: toTime(at) });
          return { value: undefined };
        },
        { last, log },
      );
      session.out.progress(`revoked ${revoked.length} of ${open.length}`);
    }
    session.out.rows(revoked, ['id', 'tenant', 'client', 'revoked']);
  },
};

type Meant = Pick<FoundGrant, 'id' | 'tenant' | 'client'>;

interface Wanted {
  readonly ids: readonly string[];
  readonly tenant: string | undefined;
  readonly client: string | undefined;
}

/** The grants that are meant and still hold. Throws before anything is changed. */
async function choose(
  { ids, tenant, client }: Wanted,
  session: Session,
): Promise<readonly Meant[]> {
  if (ids.length > 0 === (tenant !== undefined))
    throw new UsageError('which grants? Give --id GRANT, or --tenant TENANT [--client NAME]');
  if (client !== undefined && tenant === undefined)
    throw new UsageError('--client goes with --tenant');
  if (tenant === systemTenant)
    throw new UsageError(`${systemTenant} is this tool's own log: its grants end within minutes`);
  if (ids.length > 0) return lookUp(ids, session);
  const found = await findGrants(session, { tenant, client, all: false });
  return found.filter((grant) => holds(grant, session.now()));
}

const claims = z.object({ tenant: z.string(), sub: z.string() });

/** By id no table need be read. A grant that has ended is revoked too: of a record that is redriven the arrival counts. */
async function lookUp(ids: readonly string[], { grants }: Session): Promise<Meant[]> {
  const found = await grants.find(ids);
  const missing = ids.filter((id) => !found.has(id));
  if (missing.length > 0) throw new Failure(`there is no grant ${missing.join(', ')}`);
  return [...found].flatMap(([id, { jwt, revokedAt }]) => {
    if (revokedAt !== undefined) return [];
    const { tenant, sub: client } = claims.parse(JSON.parse(parseJws(jwt)?.payload ?? 'null'));
    return [{ id, tenant, client }];
  });
}
