import { json, type Operation } from '../lambda/http.ts';
import type { IssuerKey } from '../lambda/issuer-keys.ts';
import { orUnavailable } from '../lambda/or-unavailable.ts';

/**
 * `GET /.well-known/jwks.json`: every key that grants are or were signed with, the current one first. Keys
 * are never taken out: a proof of today is to be checked in ten years. Where it is known when a key signs (`times`, in
 * the order of the keys), it has `nbf` and `exp`, epoch seconds as in a JWT: a grant whose `iat` is outside of them is
 * not to be believed. Whoever does not know these members passes over them (RFC 7517 §4).
 */
export function createJwks(keys: () => Promise<readonly IssuerKey[]>, times = ''): Operation {
  const validity = times.split(',').map((each) => {
    const [from = '', to = ''] = each.split('-');
    return {
      ...(from === '' ? {} : { nbf: Number(from) }),
      ...(to === '' ? {} : { exp: Number(to) }),
    };
  });
  return async () => {
    const issuers = await orUnavailable('the issuer’s key', keys);
    const jwks = issuers.map(({ jwk: { kty, crv, x }, thumbprint: kid }, i) => ({
      kty,
      crv,
      x,
      kid,
      alg: 'EdDSA',
      use: 'sig',
      ...validity[i],
    }));
    return json(200, { keys: jwks }, { 'cache-control': 'public, max-age=300' });
  };
}
