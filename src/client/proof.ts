import type { KeyObject } from 'node:crypto';
import type { PublicJwk } from '../domain/ed25519.ts';
import { sha256 } from '../domain/encoding.ts';
import { signJws } from '../domain/jws.ts';

/**
 * A DPoP proof (RFC 9449 §4.2): who asks holds this key. `ath` binds it to the API key, as §7 binds it
 * to an access token. `iat` in s of the server's clock.
 */
export function proofOf(
  claims: {
    readonly jti: string;
    readonly htu: string;
    readonly iat: number;
    readonly apiKey: string;
  },
  privateKey: KeyObject,
  jwk: PublicJwk,
): string {
  const { jti, htu, iat, apiKey } = claims;
  const header = JSON.stringify({ typ: 'dpop+jwt', alg: 'EdDSA', jwk });
  const ath = sha256(apiKey).toString('base64url');
  return signJws(header, JSON.stringify({ jti, htm: 'POST', htu, iat, ath }), privateKey);
}
