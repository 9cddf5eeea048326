import { createPublicKey, type KeyObject } from 'node:crypto';
import { jwkOf, type PublicJwk, thumbprint } from '../domain/ed25519.ts';

/** A key that grants are, or were, signed with. */
export interface IssuerKey {
  readonly arn: string;
  readonly jwk: PublicJwk;
  /** RFC 7638, base64url: the `kid` of the grants that it signed. */
  readonly thumbprint: string;
  readonly key: KeyObject;
}

/**
 * The issuer's public keys, the current one first, loaded once a container and kept; a failure is not
 * kept. `getPublicKey` answers the SubjectPublicKeyInfo in DER (KMS GetPublicKey).
 */
export function issuerKeys(
  arns: string,
  getPublicKey: (arn: string) => Promise<Uint8Array>,
): () => Promise<readonly IssuerKey[]> {
  const load = async (arn: string): Promise<IssuerKey> => {
    const spki = await getPublicKey(arn);
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    const jwk = jwkOf(key);
    return { arn, jwk, thumbprint: thumbprint(jwk), key };
  };
  let loaded: Promise<readonly IssuerKey[]> | undefined;
  return () => {
    loaded ??= Promise.all(arns.split(',').map(load)).catch((error) => {
      loaded = undefined;
      throw error;
    });
    return loaded;
  };
}

/** The keys by thumbprint, as a grant names them. */
export function byThumbprint(keys: readonly IssuerKey[]): ReadonlyMap<string, KeyObject> {
  return new Map(keys.map((key) => [key.thumbprint, key.key]));
}
