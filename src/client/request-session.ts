import { randomUUID } from 'node:crypto';
import { generateKey, thumbprint } from '../domain/ed25519.ts';
import { SealtrailError } from '../domain/error.ts';
import { grantId } from '../domain/grant.ts';
import { bearerOf } from './bearer.ts';
import type { ServerClock } from './clock.ts';
import type { Internals } from './internals.ts';
import type { Settings } from './options.ts';
import { type Answer, postJson } from './post-json.ts';
import { proofOf } from './proof.ts';
import { type Session, sessionOf } from './session.ts';

/** What came of asking for credentials. */
export type SessionResult =
  | { readonly kind: 'session'; readonly session: Session }
  | Extract<Answer, { kind: 'failed' }>;

/**
 * Asks the token service for a grant, with a fresh key. Every answer sets the clock; when it was our
 * clock that made the proof invalid, it is right now, and the request is made once more. Never rejects.
 */
export async function requestSession(
  settings: Pick<Settings, 'url' | 'apiKey' | 'sessionSeconds'>,
  internals: Internals,
  serverClock: ServerClock,
): Promise<SessionResult> {
  const wasAt = serverClock.offset;
  const first = await ask(settings, internals, serverClock);
  const wasOurClock =
    first.kind === 'failed' &&
    first.error.code === 'proof-invalid' &&
    Math.abs(serverClock.offset - wasAt) >= 1000;
  return wasOurClock ? ask(settings, internals, serverClock) : first;
}

async function ask(
  { url, apiKey, sessionSeconds }: Pick<Settings, 'url' | 'apiKey' | 'sessionSeconds'>,
  internals: Internals,
  serverClock: ServerClock,
): Promise<SessionResult> {
  const bearer = await bearerOf(apiKey, internals.clock);
  if (bearer.kind === 'failed') return bearer;
  const { privateKey, jwk } = generateKey();
  const jti = randomUUID();
  const htu = `${url}/v1/credentials`;
  const iat = Math.floor(serverClock.now() / 1000);
  const { answer, serverTime, askedAt, answeredAt } = await postJson(
    internals,
    htu,
    {
      authorization: `Bearer ${bearer.text}`,
      dpop: proofOf({ jti, htu, iat, apiKey: bearer.text }, privateKey, jwk),
    },
    sessionSeconds === undefined ? {} : { durationSeconds: sessionSeconds },
  );
  if (serverTime !== undefined) serverClock.sync(serverTime, askedAt, answeredAt);
  if (answer.kind === 'failed') return answer;
  try {
    const proved = { grantId: grantId(thumbprint(jwk), jti), privateKey, jwk };
    const session = sessionOf(answer.body, proved, internals.kinesis, serverClock.offset);
    return { kind: 'session', session };
  } catch (cause) {
    const error =
      cause instanceof SealtrailError
        ? cause
        : new SealtrailError('grant-invalid', 'the credentials cannot be used', { cause });
    return { kind: 'failed', error, refused: true, retryAfterMs: 0 };
  }
}
