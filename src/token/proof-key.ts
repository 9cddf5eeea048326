import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { type PublicJwk, publicKeyFrom } from '../domain/ed25519.ts';
import { SealtrailError } from '../domain/error.ts';

const jwkSchema = z.strictObject({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
});

interface ProofKey {
  readonly jwk: PublicJwk;
  readonly key: KeyObject;
}

/**
 * The client's key, from its proof's header: exactly a public Ed25519 key, of a point with which a
 * signature means something. Throws `key-invalid`.
 */
export function proofKey(jwk: unknown): ProofKey {
  if (typeof jwk === 'object' && jwk !== null && 'd' in jwk)
    throw invalid('it is a private key, which is now known to others: make a new one');
  const parsed = jwkSchema.safeParse(jwk);
  if (!parsed.success) throw invalid('it is to be a JWK of exactly kty OKP, crv Ed25519 and x');
  const key = publicKeyFrom(parsed.data.x);
  if (key === undefined) throw invalid('its point is not canonical, or of small order');
  return { jwk: parsed.data, key };
}

function invalid(why: string): SealtrailError {
  return new SealtrailError('key-invalid', `the key in the DPoP proof cannot be used: ${why}`);
}
