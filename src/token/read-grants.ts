import { thumbprint } from '../domain/ed25519.ts';
import { type ReadGrantAnswer, type ReadGrantRequest, readClient } from '../lambda/read-grant.ts';
import type { Tenant } from '../store/registry.ts';
import { issueSession, type SessionIssuerOptions } from './issue-session.ts';
import { proofKey } from './proof-key.ts';

interface ReadGrantsOptions extends SessionIssuerOptions {
  readonly tenant: (id: string) => Promise<Tenant | undefined>;
  readonly maxSeconds: number;
}

/**
 * A grant by which the read function records reads in the tenant's log: of one fixed client, and of no other. So the
 * key that signs grants stays this function's alone. Throws `key-invalid`, `proof-invalid` for a `jti` used before.
 */
export function createReadGrants(options: ReadGrantsOptions) {
  return async ({ tenant: id, jwk: given, jti }: ReadGrantRequest): Promise<ReadGrantAnswer> => {
    const tenant = await options.tenant(id);
    if (tenant === undefined) return { kind: 'unregistered' };
    const { jwk } = proofKey(given);
    const answer = await issueSession(options, {
      tenant,
      client: readClient,
      via: 'service',
      proof: { jwk, thumbprint: thumbprint(jwk), jti },
      seconds: options.maxSeconds,
    });
    return { kind: 'session', answer };
  };
}
