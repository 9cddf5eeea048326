import { z } from 'zod';
import { type PublicJwk, thumbprint } from '../domain/ed25519.ts';
import { sha256 } from '../domain/encoding.ts';
import { SealtrailError } from '../domain/error.ts';
import { parseJson } from '../domain/json.ts';
import { parseJws, verifyJws } from '../domain/jws.ts';
import { proofKey } from './proof-key.ts';

/** What a proof must have been made for. */
export interface ProofContext {
  readonly method: string;
  /** Host of the request, with its port unless that is the scheme's. */
  readonly domain: string;
  readonly path: string;
  /**
   * The request's URL as clients know it, normalised, where the function cannot see it: a proxy or CDN in front changes
   * the host, and an API mapping's base path never reaches the function.
   */
  readonly publicUrl?: string | undefined;
  /** The access token that it accompanies. */
  readonly token: string;
  /** Epoch ms. */
  readonly now: number;
}

/** A proof that holds: its maker has the key, and wants it for this very request. */
export interface Proof {
  readonly jwk: PublicJwk;
  readonly thumbprint: string;
  /** Unique to the proof; that it is new is for the grants table to say. */
  readonly jti: string;
}

/** How far a client's clock may be off, seconds. */
const skewSeconds = 60;

const headerSchema = z.strictObject({
  typ: z.literal('dpop+jwt'),
  alg: z.literal('EdDSA'),
  jwk: z.unknown(),
});

/** Other claims are allowed, and mean nothing here (RFC 9449 §4.2). */
const payloadSchema = z.object({
  jti: z.string().regex(/^[A-Za-z0-9._-]{8,128}$/),
  htm: z.string(),
  htu: z.string(),
  iat: z.number(),
  ath: z.string(),
});

/**
 * Checks a DPoP proof as RFC 9449 §4.3 lists it, all but the replay. Throws `key-invalid` for a key that
 * cannot be used, else `proof-invalid`.
 */
export function verifyProof(proof: string, context: ProofContext): Proof {
  const jws = parseJws(proof);
  if (jws === undefined) throw invalid('is not one compact JWS');
  const header = parseJson(jws.header);
  const { jwk, key } = proofKey(memberOf(header.value, 'jwk'));
  if (!header.ok || !headerSchema.safeParse(header.value).success)
    throw invalid('has a header that is not exactly typ dpop+jwt, alg EdDSA and jwk');
  if (!verifyJws(jws, key)) throw invalid('has a signature that is not of its key');
  const payload = parseJson(jws.payload);
  const claims = payload.ok ? payloadSchema.safeParse(payload.value).data : undefined;
  if (claims === undefined)
    throw invalid('lacks one of jti (8 to 128 of A-Z a-z 0-9 . _ -), htm, htu, iat and ath');
  checkClaims(claims, context);
  return { jwk, thumbprint: thumbprint(jwk), jti: claims.jti };
}

function checkClaims(claims: z.infer<typeof payloadSchema>, context: ProofContext): void {
  if (claims.htm !== context.method) throw invalid(`is for another method, not ${context.method}`);
  if (!isTarget(claims.htu, context)) throw invalid('is for another URL: its htu is not this one');
  if (claims.ath !== sha256(context.token).toString('base64url'))
    throw invalid('is for another access token: its ath is not this one’s');
  const off = claims.iat - context.now / 1000;
  if (!(Math.abs(off) <= skewSeconds))
    throw invalid(
      `was made ${Math.round(Math.abs(off))} s ${off > 0 ? 'ahead of' : 'before'} the server’s time; at most ${skewSeconds}`,
    );
}

/**
 * Whether it is this resource's URL, normalised, leaving query and fragment out: the one that the request came in by,
 * or the public one. TLS ends before us, so the scheme is not seen: plain HTTP can only be meant where nobody is
 * between, on loopback.
 */
function isTarget(htu: string, { domain, path, publicUrl }: ProofContext): boolean {
  if (!URL.canParse(htu)) return false;
  const { protocol, host, hostname, pathname, username, password } = new URL(htu);
  if (username + password !== '') return false;
  if (`${protocol}//${host}${pathname}` === publicUrl) return true;
  const scheme = protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
  return scheme && host === domain.toLowerCase() && pathname === path;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function invalid(why: string): SealtrailError {
  return new SealtrailError('proof-invalid', `the DPoP proof ${why}`);
}
