import { json, type Operation } from '../lambda/http.ts';
import type { IssuerKey } from '../lambda/issuer-keys.ts';
import { orUnavailable } from '../lambda/or-unavailable.ts';

/**
 * `GET /.well-known/jwks.json`: every key that grants are or were signed with, the current one first. Keys
 * are never taken out: a proof of today is to be checked in ten years.
 */
export function createJwks(keys: () => Promise<readonly IssuerKey[]>): Operation {
  return async () => {
    const issuers = await orUnavailable('the issuer’s key', keys);
    const jwks = issuers.map(({ jwk: { kty, crv, x }, thumbprint: kid }) => ({
      kty,
      crv,
      x,
      kid,
      alg: 'EdDSA',
      use: 'sig',
    }));
    return json(200, { keys: jwks }, { 'cache-control': 'public, max-age=300' });
  };
}
