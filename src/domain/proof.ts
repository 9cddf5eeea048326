import { z } from 'zod';
import { fromTime, toTime } from './encoding.ts';
import type { VerifiedGrant } from './grant.ts';
import { hintOf } from './judge-grant.ts';
import { limits } from './limits.ts';
import { digestPattern } from './manifest.ts';
import { merklePath } from './merkle.ts';

export const timeSchema = z
  .string()
  .refine((text) => fromTime(text) !== undefined, 'RFC 3339, UTC, ms');

/**
 * The issuer's public key, a hint: it counts only for a verifier who has its thumbprint from elsewhere. Other members of
 * the JWK are ignored (RFC 7517 §4), so that it may be given as `/.well-known/jwks.json` has it.
 */
export const issuerKeySchema = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string().regex(digestPattern),
});

/** Base64url of the longest line. */
const maxLineText = Math.ceil((limits.line * 4) / 3);
/** 1,000 lines make a tree of ten levels. */
const maxPath = 10;

/** The proof of one event (FORMAT.md, section 8), in the order in which its members are written. */
export const proofSchema = z.strictObject({
  v: z.literal(1),
  /** The event's exact bytes without LF, base64url. */
  line: z
    .string()
    .max(maxLineText)
    .regex(/^[A-Za-z0-9_-]+$/),
  /** Which line of its batch it is, from 0. */
  index: z
    .number()
    .int()
    .min(0)
    .max(limits.events - 1),
  /** Sibling hashes from the leaf up (RFC 6962 §2.1.1), base64url. */
  path: z.array(z.string().regex(digestPattern)).max(maxPath),
  /** Compact JWS. */
  manifest: z.string().max(limits.manifest),
  /** Compact JWS. */
  grant: z.string().max(limits.manifest),
  /** What the service answered when it was asked whether the grant is revoked. Nobody has signed this. */
  revocation: z.strictObject({ checkedAt: timeSchema, revokedAt: timeSchema.nullable() }),
  /** When the batch arrived, as the service says. Nobody has signed this. */
  arrival: timeSchema,
  issuerKey: issuerKeySchema,
});
export type Proof = z.infer<typeof proofSchema>;

export interface ProofSource {
  /** All lines of the batch, without LF. */
  readonly lines: readonly Buffer[];
  /** Which of them is to be proved. */
  readonly index: number;
  /** The manifest as it was signed. */
  readonly manifest: string;
  readonly grant: VerifiedGrant & {
    readonly jwt: string;
    readonly checkedAt: number;
    readonly revokedAt: number | undefined;
  };
  /** Epoch ms. */
  readonly arrival: number;
}

/** Makes the proof of one line of a batch that was opened. */
export function makeProof({ lines, index, manifest, grant, arrival }: ProofSource): Proof {
  const line = lines[index];
  if (line === undefined) throw new RangeError(`the batch has no line ${index}`);
  return {
    v: 1,
    line: line.toString('base64url'),
    index,
    path: merklePath(lines, index).map((hash) => hash.toString('base64url')),
    manifest,
    grant: grant.jwt,
    revocation: {
      checkedAt: toTime(grant.checkedAt),
      revokedAt: grant.revokedAt === undefined ? null : toTime(grant.revokedAt),
    },
    arrival: toTime(arrival),
    issuerKey: hintOf(grant),
  };
}
