import { fromTime, toTime } from './encoding.ts';
import type { HeldGrant } from './judge-grant.ts';
import { verifyJws } from './jws.ts';
import { limits } from './limits.ts';
import type { SignedManifest } from './manifest.ts';
import { type Doubt, doubt, type Forgery, forged } from './verdict.ts';

/** What the service says beside a batch: nobody has signed it. */
export interface Statement {
  /** When the batch arrived, epoch ms. */
  readonly arrival: number;
  /** From when on the grant is revoked, epoch ms; null: it is not. */
  readonly revokedAt: number | null;
}

/**
 * Judges a manifest under a grant that holds: whose signature it is, and whether that grant can have
 * been in force. Undefined: nothing is wrong or missing.
 */
export function judgeManifest(
  { grantId, manifest, jws }: SignedManifest,
  held: HeldGrant,
  { arrival, revokedAt }: Statement,
): Forgery | Doubt | undefined {
  const { grant } = held;
  if (grant.jti !== grantId)
    return forged('grant-other', 'the manifest is signed under another grant');
  if (!verifyJws(jws, grant.key))
    return forged('signature-invalid', "the manifest's signature is not of the grant's key");
  if (manifest.client !== grant.sub)
    return forged('client-mismatch', `client is ${manifest.client}, the grant's ${grant.sub}`);

  // No record is accepted later than `end`, and none before `to` − 5 min.
  const end = grant.exp * 1000 + limits.graceMs;
  const to = fromTime(manifest.to) ?? 0;
  if (to - limits.aheadMs > end || arrival > end)
    return forged('grant-expired', `its grant had ended by ${toTime(end)}`);
  if (arrival < to - limits.aheadMs)
    return forged('clock-ahead', 'it is said to have arrived before its events happened');

  if (held.doubt !== undefined) return held.doubt;
  if (revokedAt !== null && arrival >= revokedAt)
    return doubt(
      'revoked',
      `its grant was revoked from ${toTime(revokedAt)} on, and it arrived after that`,
    );
  return undefined;
}
