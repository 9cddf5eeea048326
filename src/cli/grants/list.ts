import { toTime } from '../../domain/encoding.ts';
import type { Command } from '../command.ts';
import { type FoundGrant, findGrants, holds } from './find-grants.ts';

export const listGrants: Command = {
  name: 'grants list',
  summary: 'show who may seal batches now',
  options: {
    tenant: { value: 'TENANT', help: "only this tenant's" },
    client: { value: 'NAME', help: "only this client's" },
    all: { help: 'those that have ended or were revoked too' },
  },
  about: [
    'One that was stopped for its quota is shown with the time from which on nothing new was let in under it; it can still be revoked.',
    'The log of grants has every grant ever issued, and no index: this reads all of it, and takes a minute per million grants or so.',
  ],
  examples: ['grants list --tenant acme', 'grants list --tenant acme --client billing --all'],
  async run(args, session) {
    const { out, now } = session;
    const all = args.flag('all');
    const found = await findGrants(session, {
      tenant: args.id('tenant'),
      client: args.id('client'),
      all,
    });
    const rows = found
      .filter((grant) => all || holds(grant, now()))
      .map(({ id, tenant, client, issuedAt, expiresAt, ...ended }) => ({
        id,
        tenant,
        client,
        issued: toTime(issuedAt * 1000),
        expires: toTime(expiresAt * 1000),
        ...howEnded(ended),
      }));
    const someStopped = rows.some(({ stopped }) => stopped !== undefined);
    out.rows(rows, [
      'id',
      'tenant',
      'client',
      'issued',
      'expires',
      ...(all || someStopped ? ['stopped'] : []),
      ...(all ? ['revoked'] : []),
      ...(all || someStopped ? ['why'] : []),
    ]);
    if (rows.length === 0) out.say('There are no such grants.');
  },
};

interface Ended {
  readonly stopped?: string;
  readonly revoked?: string;
  readonly why?: string;
}

type Ends = Pick<FoundGrant, 'revokedAt' | 'revokedFor' | 'stoppedAt' | 'stoppedFor'>;

function howEnded({ revokedAt, revokedFor, stoppedAt, stoppedFor }: Ends): Ended {
  const why = revokedFor ?? stoppedFor;
  return {
    ...(stoppedAt !== undefined && { stopped: toTime(stoppedAt) }),
    ...(revokedAt !== undefined && { revoked: toTime(revokedAt) }),
    ...(why !== undefined && { why }),
  };
}
