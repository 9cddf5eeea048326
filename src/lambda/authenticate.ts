import { SealtrailError } from '../domain/error.ts';
import type { Caller } from './api-key.ts';
import type { OidcIssuer } from './env.ts';
import type { Get } from './fetch-json.ts';
import { loadJwks } from './load-jwks.ts';
import { oidcKeys } from './oidc-keys.ts';
import { orUnavailable } from './or-unavailable.ts';
import { tokenCaller } from './token-caller.ts';
import { tokenVerifier } from './verify-token.ts';

interface AuthenticateOptions {
  readonly byKey: (key: string) => Promise<Caller>;
  readonly issuers: readonly OidcIssuer[];
  /** The tenant of this id, if it is registered; what it answers may be some seconds old. */
  readonly tenant: (id: string) => Promise<unknown>;
  /** @default the global `fetch` */
  readonly get?: Get;
  /** Epoch ms. */
  readonly now: () => number;
}

/**
 * Who calls: by an API key of ours, or by a token of one of these issuers, whose tenant must be registered. Throws
 * `unauthenticated`, `forbidden`, `unavailable`.
 */
export function authenticator({
  byKey,
  issuers,
  tenant: find,
  get = fetch,
  now,
}: AuthenticateOptions): (token: string) => Promise<Caller> {
  const trusted = issuers.map((settings) => {
    const key = oidcKeys({ load: () => loadJwks(settings, { get }), now });
    return [settings.issuer, { settings, key }] as const;
  });
  const verify = tokenVerifier(new Map(trusted), now);
  return async (token) => {
    // A key has no dot, and a JWT has two.
    if (!token.includes('.')) return byKey(token);
    const caller = tokenCaller(await verify(token));
    if (caller.tenant === '*') return caller;
    const tenant = await orUnavailable('the registry', () => find(caller.tenant));
    if (tenant === undefined)
      throw new SealtrailError('forbidden', 'the tenant of this token is not registered');
    return caller;
  };
}
