import type { KeyObject } from 'node:crypto';
import type { Internals } from '../client/internals.ts';
import { type Session, sessionOf } from '../client/session.ts';
import { generateKey, type PublicJwk, thumbprint } from '../domain/ed25519.ts';
import { grantId } from '../domain/grant.ts';
import type { ReadGrantAnswer, ReadGrantRequest } from '../lambda/read-grant.ts';

interface ReadSessionsOptions {
  /** Asks the token function. */
  readonly ask: (request: ReadGrantRequest) => Promise<ReadGrantAnswer>;
  readonly kinesis: Internals['kinesis'];
  /** A text that was never used before. */
  readonly newId: () => string;
  /** Epoch ms. */
  readonly now: () => number;
}

type Found = Session | 'unregistered';

/** A session that ends sooner than this is not used any more, ms. */
const marginMs = 60_000;
/** Tenants at a time, each with a grant and credentials of an hour. */
const maxSessions = 1000;

/**
 * A session for each tenant whose log is read, asked for once an hour and container. At most one request of a tenant
 * is under way; a failure is not kept.
 */
export function readSessions({ ask, kinesis, newId, now }: ReadSessionsOptions) {
  const sessions = new Map<string, Promise<Found>>();

  async function open(tenant: string): Promise<Found> {
    const { privateKey, jwk }: { privateKey: KeyObject; jwk: PublicJwk } = generateKey();
    const jti = newId();
    const answer = await ask({ tenant, jwk, jti });
    if (answer.kind === 'unregistered') return answer.kind;
    const proved = { grantId: grantId(thumbprint(jwk), jti), privateKey, jwk };
    return sessionOf(answer.answer, proved, kinesis, 0);
  }

  return async (tenant: string): Promise<Found> => {
    const known = await sessions.get(tenant)?.catch(() => undefined);
    if (known !== undefined && known !== 'unregistered' && known.expiresAt - marginMs > now())
      return known;
    sessions.delete(tenant);
    const [oldest] = sessions.keys();
    if (sessions.size >= maxSessions && oldest !== undefined) sessions.delete(oldest);
    const opened = open(tenant);
    sessions.set(tenant, opened);
    return opened;
  };
}
