import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { publicKeyFrom } from './ed25519.ts';
import { sha256 } from './encoding.ts';
import { SealtrailError } from './error.ts';
import { parseJws, verifyJws } from './jws.ts';
import { idPattern, issuerPattern } from './limits.ts';
import { digestPattern } from './manifest.ts';

/** Up to the end of the year 9999, so that every time in a grant has a text. */
const seconds = z.number().int().min(1).max(253_402_300_799);

/**
 * Who seals under a grant: an application by the SDK; a gateway for callers without one (reserved); the service itself
 * (its read API, and its operators' tool).
 */
const via = z.enum(['sdk', 'gateway', 'service']);
export type Via = z.infer<typeof via>;

/**
 * What the token service vouches for: who may seal batches, for which tenant, with which key, until when. The members
 * in the order in which they are written.
 */
const grantSchema = z.strictObject({
  iss: z.string().regex(issuerPattern),
  /** The client. */
  sub: z.string().regex(idPattern),
  tenant: z.string().regex(idPattern),
  /** The grant's id: SHA-256(thumbprint of the client's key ‖ jti of its proof). */
  jti: z.string().regex(digestPattern),
  /** RFC 7800: the key that signs this grant's batches. */
  cnf: z.strictObject({
    jwk: z.strictObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string() }),
  }),
  /** Epoch seconds. */
  iat: seconds,
  exp: seconds,
  retentionDays: z.number().int().min(1).max(36_500),
  /** Partitions that the tenant's days are spread over. */
  shards: z.number().int().min(1).max(1024),
  via,
});
export type Grant = z.infer<typeof grantSchema>;

const headerPattern =
  /^\{"alg":"EdDSA","typ":"sealtrail-grant\+jwt","kid":"([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])"\}$/;

/** `keyId`: RFC 7638 thumbprint of the issuer's key. */
export function grantHeader(keyId: string): string {
  return JSON.stringify({ alg: 'EdDSA', typ: 'sealtrail-grant+jwt', kid: keyId });
}

/** The payload to the byte: zod gives the members in the schema's order. */
export function grantPayload(grant: Grant): string {
  return JSON.stringify(grantSchema.parse(grant));
}

/** The id of the grant that answers this proof: a proof can be used for one grant only. */
export function grantId(keyThumbprint: string, proofJti: string): string {
  return sha256(keyThumbprint + proofJti).toString('base64url');
}

/** A grant whose signature held, with the key that its batches are signed with. */
export interface VerifiedGrant extends Grant {
  readonly key: KeyObject;
  /** The key that signed the grant itself. */
  readonly issuerKey: KeyObject;
}

/** The thumbprint of the key that a grant's JWT says it is signed with; undefined if it is no grant. Proves nothing. */
export function issuerKeyId(jwt: string): string | undefined {
  const jws = parseJws(jwt);
  return jws && headerPattern.exec(jws.header)?.[1];
}

/**
 * Verifies a grant's JWT against the issuer's keys (by thumbprint). Its end is not checked here: what
 * counts is when a record arrived. `name` undefined: whatever the owner of those keys calls itself.
 * Throws `grant-invalid`.
 */
export function verifyGrant(
  jwt: string,
  issuer: { readonly name: string | undefined; readonly keys: ReadonlyMap<string, KeyObject> },
): VerifiedGrant {
  const refuse = (why: string, cause?: unknown) =>
    new SealtrailError('grant-invalid', `the grant ${why}`, { cause });
  const jws = parseJws(jwt);
  const keyId = jws && headerPattern.exec(jws.header)?.[1];
  if (!jws || !keyId) throw refuse('is not a grant JWT');
  const issuerKey = issuer.keys.get(keyId);
  if (issuerKey === undefined) throw refuse('is signed with a key that is not the issuer’s');
  if (!verifyJws(jws, issuerKey)) throw refuse('has a signature that does not hold');
  const parsed = grantSchema.safeParse(parseOrUndefined(jws.payload));
  if (!parsed.success) throw refuse('has a payload of another form', parsed.error);
  if (JSON.stringify(parsed.data) !== jws.payload)
    throw refuse('has members doubled, out of order or not as JSON.stringify writes them');
  if (issuer.name !== undefined && parsed.data.iss !== issuer.name)
    throw refuse(`is of another issuer, ${parsed.data.iss}`);
  const key = publicKeyFrom(parsed.data.cnf.jwk.x);
  if (key === undefined) throw refuse('names a key that proves nothing');
  return { ...parsed.data, key, issuerKey };
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
