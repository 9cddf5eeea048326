import { SealtrailError } from '../domain/error.ts';
import { fullJitter } from './backoff.ts';
import type { Clock, ServerClock } from './clock.ts';
import type { SessionResult } from './request-session.ts';
import type { Session } from './session.ts';

/** A session that ends sooner than this is not sent with any more, ms. */
const marginMs = 30_000;
const passing = { baseMs: 500, capMs: 30_000 };
/** What only a person can repair (a revoked key) is asked for more rarely. */
const refused = { baseMs: 5000, capMs: 60_000 };

interface CredentialsDeps {
  readonly request: () => Promise<SessionResult>;
  readonly clock: Clock;
  readonly serverClock: ServerClock;
  readonly random: () => number;
  /** The only client whose session can be used, once there is one. */
  readonly client: () => string | undefined;
  /** There is a new session. */
  readonly onSession: (session: Session) => void;
  readonly onFailure: (error: SealtrailError) => void;
}

/**
 * Keeps a session at hand: refreshes it at about half of its life, and goes on with the one it has while
 * the token service is down. At most one request is under way.
 */
export class Credentials {
  readonly #deps: CredentialsDeps;
  #session: Session | undefined;
  #state: 'idle' | 'asking' | 'backing-off' | 'stopped' = 'idle';
  #failures = 0;
  #cancel = () => {};

  constructor(deps: CredentialsDeps) {
    this.#deps = deps;
  }

  /** The newest session, if it lasts 30 s more. Otherwise asks for one: `onSession` tells. */
  current(): Session | undefined {
    const session = this.#session;
    if (session !== undefined && this.#left(session) >= marginMs) return session;
    this.#ask();
    return undefined;
  }

  /** This session's credentials were refused: asks for others, unless there are others already. */
  renew(session: Session): void {
    if (session === this.#session) this.#ask();
  }

  /** The grant of this session has ended: it is not used again, and another is asked for. */
  drop(session: Session): void {
    if (session !== this.#session) return;
    this.#session = undefined;
    this.#ask();
  }

  isNewest(session: Session): boolean {
    return session === this.#session;
  }

  stop(): void {
    this.#state = 'stopped';
    this.#cancel();
  }

  #left(session: Session): number {
    return session.expiresAt - this.#deps.serverClock.now();
  }

  /** In `backing-off` the timer asks. */
  #ask(): void {
    if (this.#state !== 'idle') return;
    this.#cancel();
    this.#state = 'asking';
    void this.#deps.request().then((result) => {
      if (this.#state !== 'stopped') this.#settle(this.#checked(result));
    });
  }

  #settle(result: SessionResult): void {
    const { random, onSession, onFailure } = this.#deps;
    if (result.kind === 'session') {
      this.#failures = 0;
      this.#session = result.session;
      const half = (this.#left(result.session) / 2) * (0.8 + 0.2 * random());
      this.#askIn(half, 'idle');
      onSession(result.session);
      return;
    }
    const pace = result.refused ? refused : passing;
    const delay = fullJitter(pace, this.#failures, random);
    this.#failures += 1;
    this.#askIn(Math.max(delay, result.retryAfterMs, 50), 'backing-off');
    onFailure(result.error);
  }

  #askIn(ms: number, state: 'idle' | 'backing-off'): void {
    this.#state = state;
    this.#cancel = this.#deps.clock.after(ms, () => {
      this.#state = 'idle';
      this.#ask();
    });
  }

  /** A session too short to be used would be asked for again and again; another client's breaks the chain. */
  #checked(result: SessionResult): SessionResult {
    if (result.kind === 'failed') return result;
    const { session } = result;
    const left = this.#left(session);
    const client = this.#session?.client ?? this.#deps.client();
    const problem =
      left < 2 * marginMs
        ? `the grant ends in ${left} ms`
        : client !== undefined && client !== session.client
          ? `the key is ${session.client}'s, this client is ${client}`
          : undefined;
    if (problem === undefined) return result;
    const error = new SealtrailError('grant-invalid', problem);
    return { kind: 'failed', error, refused: true, retryAfterMs: 0 };
  }
}
