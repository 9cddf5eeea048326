import { errors, type JWTPayload, jwtVerify } from 'jose';
import { z } from 'zod';
import { SealtrailError } from '../domain/error.ts';
import { parseJson } from '../domain/json.ts';
import type { OidcIssuer } from './env.ts';
import type { FindKey } from './oidc-keys.ts';

/** An issuer whose tokens are good, with its keys. */
export interface TrustedIssuer {
  readonly settings: OidcIssuer;
  readonly key: FindKey;
}

export interface VerifiedToken {
  readonly issuer: OidcIssuer;
  readonly claims: JWTPayload;
}

/** An HTTP API takes 10,240 bytes of headers altogether. */
const maxLength = 8192;

/** How far the issuer's clock may be off, s. */
const toleranceSeconds = 60;

/** Nothing takes a token back before its end, so it must have one that is near, s. */
const preset = { maxTokenSeconds: 86_400 };

/**
 * Access tokens (RFC 9068 §2.1), and what many issuers give instead. Tokens that are made for something else
 * (proofs, logouts, our own grants) say so in `typ` (RFC 8725 §3.11). A key that a token brings along, or says
 * where to find, is not one to ask.
 */
const headerSchema = z.object({
  typ: z
    .string()
    .regex(/^(application\/)?(at\+)?jwt$/i)
    .optional(),
  jku: z.never().optional(),
  jwk: z.never().optional(),
  x5u: z.never().optional(),
  x5c: z.never().optional(),
  // Of encrypted tokens only (RFC 7516 §4.1.3): two readers could make two things of it.
  zip: z.never().optional(),
});

/** `cnf`: good only with a proof of its own key, which is not asked for here. `events`: a logout, or the like. */
const payloadSchema = z.object({
  iss: z.string(),
  cnf: z.never().optional(),
  events: z.never().optional(),
});

/**
 * Verifies a JWT of one of these issuers: signature, `iss`, `aud`, `exp` and `nbf`. Nothing is fetched for a token
 * that is malformed or of another issuer. Throws `unauthenticated`, which names a claim only where the signature
 * held; `unavailable`.
 */
export function tokenVerifier(
  issuers: ReadonlyMap<string, TrustedIssuer>,
  now: () => number,
): (token: string) => Promise<VerifiedToken> {
  return async (token) => {
    if (token.length > maxLength) throw refused();
    const trusted = issuers.get(issuerOf(token));
    if (trusted === undefined) throw refused();
    const { settings, key } = trusted;
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: settings.algorithms,
        issuer: settings.issuer,
        audience: settings.audience,
        requiredClaims: ['exp'],
        clockTolerance: toleranceSeconds,
        currentDate: new Date(now()),
      });
      checkLife(payload, settings.maxTokenSeconds ?? preset.maxTokenSeconds, now());
      return { issuer: settings, claims: payload };
    } catch (error) {
      if (error instanceof SealtrailError) throw error;
      throw refused(error);
    }
  };
}

/** Throws `unauthenticated` if it lives too long, by its own times or from now on. `exp` is a number: jose has seen to it. */
function checkLife({ exp = Infinity, iat }: JWTPayload, maxSeconds: number, now: number): void {
  const left = exp - Math.floor(now / 1000);
  const whole = typeof iat === 'number' ? exp - iat : left;
  // Also where a difference is no number, of times that are none.
  if (left <= maxSeconds + toleranceSeconds && whole <= maxSeconds + toleranceSeconds) return;
  throw new SealtrailError(
    'unauthenticated',
    `the token lives longer than the ${maxSeconds} s that are taken here`,
  );
}

/** What an unverified token says of its issuer. Throws `unauthenticated` for what cannot be a token for us. */
function issuerOf(token: string): string {
  try {
    const [header = '', payload = '', ...rest] = token.split('.');
    if (rest.length !== 1) throw new Error('not three parts');
    headerSchema.parse(strictly(header));
    return payloadSchema.parse(strictly(payload)).iss;
  } catch (cause) {
    throw refused(cause);
  }
}

/**
 * What a part of a token says, if all readers understand it alike: strict base64url, no member twice. (jose refuses
 * what is no UTF-8.)
 */
function strictly(part: string): unknown {
  const bytes = Buffer.from(part, 'base64url');
  if (bytes.toString('base64url') !== part) throw new Error('not base64url');
  const parsed = parseJson(bytes.toString('utf8'));
  if (!parsed.ok) throw new Error(`not JSON: ${parsed.fault}`);
  return parsed.value;
}

function refused(cause?: unknown): SealtrailError {
  const why =
    cause instanceof errors.JWTExpired
      ? 'the token has expired'
      : cause instanceof errors.JWTClaimValidationFailed
        ? `the token is not for this service now: its ${cause.claim} is missing or another`
        : 'the key or token is not valid';
  return new SealtrailError('unauthenticated', why, { cause });
}
