import { jwkOf, type PublicJwk, publicKeyFrom, thumbprint } from './ed25519.ts';
import { SealtrailError } from './error.ts';
import { issuerKeyId, type VerifiedGrant, verifyGrant } from './grant.ts';
import { type Doubt, doubt, type Forgery, forged, type Pins } from './verdict.ts';

/** A grant whose signature holds; with a doubt if nobody has said that the key is the issuer's. */
export interface HeldGrant {
  readonly kind: 'held';
  readonly grant: VerifiedGrant;
  /** Thumbprint of the key that signed it. */
  readonly issuer: string;
  readonly doubt: Doubt | undefined;
}

/**
 * Judges a grant with nothing but what is pinned. The key that comes with it is a hint only: it counts
 * because its thumbprint is pinned. Without a pin anybody could have made both.
 */
export function judgeGrant(jwt: string, hint: PublicJwk, pins: Pins): HeldGrant | Forgery {
  const issuer = issuerKeyId(jwt);
  if (issuer === undefined) return forged('grant-invalid', 'the grant is not a grant JWT');
  if (pins.issuers.size > 0 && !pins.issuers.has(issuer))
    return forged(
      'issuer-other',
      `the grant is signed with the key ${issuer}, which is not pinned (if the issuer has changed its key, pin that one too)`,
    );
  if (thumbprint(hint) !== issuer)
    return forged('issuer-key-mismatch', `the key that is given is not ${issuer}`);
  const key = publicKeyFrom(hint.x);
  if (key === undefined) return forged('key-invalid', "the issuer's key proves nothing");
  try {
    const grant = verifyGrant(jwt, { name: undefined, keys: new Map([[issuer, key]]) });
    if (pins.tenant !== undefined && grant.tenant !== pins.tenant)
      return forged('tenant-other', `it is of the tenant ${grant.tenant}, not ${pins.tenant}`);
    const unpinned = doubt(
      'issuer-unpinned',
      `no issuer is pinned: anybody could have made this file, with a key of its own (${issuer})`,
    );
    return { kind: 'held', grant, issuer, doubt: pins.issuers.size > 0 ? undefined : unpinned };
  } catch (error) {
    return forgedBy(error);
  }
}

/** What an error of ours says against what was verified; any other error is thrown on. */
export function forgedBy(error: unknown): Forgery {
  if (!(error instanceof SealtrailError)) throw error;
  return forged(error.code, error.message);
}

/** The key of a grant as a hint for its verifier. */
export const hintOf = ({ issuerKey }: Pick<VerifiedGrant, 'issuerKey'>): PublicJwk =>
  jwkOf(issuerKey);
