import { toTime } from '../domain/encoding.ts';
import { SealtrailError } from '../domain/error.ts';
import { digestPattern } from '../domain/manifest.ts';
import { bearerToken, type Caller } from '../lambda/api-key.ts';
import { json, type Operation } from '../lambda/http.ts';
import { orUnavailable } from '../lambda/or-unavailable.ts';
import type { LoggedGrant } from '../store/grant-log.ts';
import type { Tenant } from '../store/registry.ts';
import { checkQuota, type Take } from './check-quota.ts';
import { writingTenant } from './writing-tenant.ts';

interface GrantStateOptions {
  readonly authenticate: (token: string) => Promise<Caller>;
  readonly tenant: (id: string) => Promise<Tenant | undefined>;
  readonly take: Take;
  /** One strongly consistent look-up. */
  readonly find: (ids: readonly string[]) => Promise<ReadonlyMap<string, LoggedGrant>>;
  /** Epoch ms. */
  readonly now: () => number;
}

/** The SDK asks once in four minutes and process: with the tool's own quota, 24,000 processes share a key. */
const perCredentials = 100;
/** An answer is good for this long, seconds: a client learns of a stop within five minutes. */
const maxAge = 60;

/**
 * `GET /v1/grants/{id}`: whether a grant still holds, for the client that it was issued for: `live`, `stopped` (nothing
 * new is let in under it) or `revoked`, with the time from which on. Another's grant is as if it were not there.
 * A 304 says that nothing has changed since the answer with that ETag.
 */
export function createGrantState(options: GrantStateOptions): Operation {
  const { authenticate, tenant, take, find, now } = options;
  return async ({ headers, params }) => {
    const token = bearerToken(headers['authorization']);
    const id = params['id'] ?? '';
    if (!digestPattern.test(id))
      throw new SealtrailError('request-invalid', 'a grant’s id has 43 characters of base64url');
    const caller = await authenticate(token);
    const { id: owner, credentialsPerMinute } = await writingTenant(caller, tenant);
    await checkQuota(take, `grants.${caller.keyId}`, perCredentials * credentialsPerMinute, now());
    const grant = (await orUnavailable('the log of grants', () => find([id]))).get(id);
    if (grant === undefined || grant.tenant !== owner || grant.client !== caller.client)
      throw new SealtrailError('not-found', 'this client has no such grant');
    const state = stateOf(grant);
    const etag = `"${Object.values(state).join('.')}"`;
    const known = (headers['if-none-match'] ?? '').split(',').map((text) => text.trim());
    const cached = { etag, 'cache-control': `private, max-age=${maxAge}`, vary: 'authorization' };
    if (known.some((text) => text.replace(/^W\//, '') === etag))
      return { status: 304, headers: cached, body: '' };
    return json(200, state, cached);
  };
}

/** What weighs more is told: of a stopped grant that was revoked too, the revocation. */
function stateOf({ revokedAt, stoppedAt }: LoggedGrant): { state: string; at?: string } {
  if (revokedAt !== undefined) return { state: 'revoked', at: toTime(revokedAt) };
  if (stoppedAt !== undefined) return { state: 'stopped', at: toTime(stoppedAt) };
  return { state: 'live' };
}
