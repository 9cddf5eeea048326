import { z } from 'zod';
import { bearerOf } from './bearer.ts';
import type { Internals } from './internals.ts';
import type { Settings } from './options.ts';
import type { Session } from './session.ts';

/** A look is made this long after the first batch since the last one, at most, ms. */
const lookMs = 240_000;
const timeoutMs = 10_000;

/** How a grant ended: `stopped`, nothing new is let in under it; `revoked`, it is good for nothing any more. */
export interface GrantEnd {
  readonly state: 'stopped' | 'revoked';
  /** From when on, RFC 3339; what arrived before is not touched. */
  readonly since: string | undefined;
}

interface GrantWatchDeps {
  readonly settings: Pick<Settings, 'url' | 'apiKey'>;
  readonly internals: Pick<Internals, 'fetch' | 'clock' | 'random'>;
  /** Called once for a session: what is sent with it from now on is set aside. */
  readonly onEnded: (session: Session, end: GrantEnd) => void;
}

const answerSchema = z.object({
  state: z.enum(['live', 'stopped', 'revoked']),
  at: z.string().optional(),
});

/**
 * Learns within five minutes that the grant that is sent under was stopped or revoked: the stream goes on taking what
 * the service then sets aside, and says nothing of it. One small request at most in four minutes, and none unless
 * something was sent since the last one. No answer changes nothing; it is asked again as late.
 */
export class GrantWatch {
  readonly #deps: GrantWatchDeps;
  /** The newest session that something was sent with since the last look. */
  #sent: Session | undefined;
  /** Of the latest answer, and the grant that it was about. */
  #known: { readonly grantId: string; readonly etag: string } | undefined;
  #state: 'idle' | 'armed' | 'looking' | 'stopped' = 'idle';
  #cancel = () => {};

  constructor(deps: GrantWatchDeps) {
    this.#deps = deps;
  }

  /** The stream has taken something under this session's grant. */
  sent(session: Session): void {
    if (this.#state === 'stopped') return;
    this.#sent = session;
    if (this.#state === 'idle') this.#arm();
  }

  stop(): void {
    this.#state = 'stopped';
    this.#cancel();
  }

  #arm(): void {
    const { clock, random } = this.#deps.internals;
    this.#state = 'armed';
    this.#cancel = clock.after(lookMs * (0.9 + 0.1 * random()), () => void this.#look());
  }

  async #look(): Promise<void> {
    const session = this.#sent;
    if (session === undefined || this.#state === 'stopped') return;
    this.#state = 'looking';
    this.#sent = undefined;
    const found = await this.#ask(session.grantId);
    if (this.#isStopped()) return;
    this.#state = 'idle';
    if (found === 'unknown') this.#sent ??= session;
    else if (found !== 'live') {
      if (this.#sent === session) this.#sent = undefined;
      this.#deps.onEnded(session, found);
    }
    if (this.#sent !== undefined) this.#arm();
  }

  /** Asked after a wait. */
  #isStopped(): boolean {
    return this.#state === 'stopped';
  }

  /** Never rejects. */
  async #ask(grantId: string): Promise<'live' | 'unknown' | GrantEnd> {
    const { settings, internals } = this.#deps;
    const bearer = await bearerOf(settings.apiKey, internals.clock);
    if (bearer.kind === 'failed') return 'unknown';
    const etag = this.#known?.grantId === grantId ? this.#known.etag : undefined;
    const abort = new AbortController();
    const cancel = internals.clock.after(timeoutMs, () =>
      abort.abort(new Error(`no answer within ${timeoutMs} ms`)),
    );
    try {
      const response = await internals.fetch(`${settings.url}/v1/grants/${grantId}`, {
        method: 'GET',
        headers: {
          authorization: `Bearer ${bearer.text}`,
          ...(etag !== undefined && { 'if-none-match': etag }),
        },
        signal: abort.signal,
        redirect: 'error',
      });
      const text = await response.text();
      // Only what says `live` is remembered.
      if (response.status === 304) return etag === undefined ? 'unknown' : 'live';
      if (response.status !== 200) return 'unknown';
      const { state, at } = answerSchema.parse(JSON.parse(text));
      if (state !== 'live') return { state, since: at };
      const fresh = response.headers.get('etag');
      this.#known = fresh === null ? undefined : { grantId, etag: fresh };
      return 'live';
    } catch {
      return 'unknown';
    } finally {
      cancel();
    }
  }
}
