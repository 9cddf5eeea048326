import { z } from 'zod';
import { SealtrailError } from '../domain/error.ts';
import { doubling } from './backoff.ts';
import { bearerOf } from './bearer.ts';
import type { Entry, Receipt } from './entry.ts';
import type { Internals } from './internals.ts';
import type { Settings } from './options.ts';
import { postJson } from './post-json.ts';

/** Of one request. */
const maxBatches = 100;
const pace = { baseMs: 50, capMs: 2000 };
/** After a refusal, and when all that is awaited is overdue. */
const rarePace = { baseMs: 5000, capMs: 60_000 };

/** A batch on the stream, with those of its events whose recorder waits for the store. */
export interface AcceptedBatch {
  readonly id: string;
  /** Latest event time, RFC 3339. */
  readonly to: string;
  readonly entries: readonly Entry[];
  readonly receipt: Omit<Receipt, 'id' | 'committedAt'>;
  /** How often it was sent again. */
  readonly resent: number;
}

/** What is known of a batch that is awaited. */
interface Awaited {
  /** Whoever waited was told that it takes too long. */
  isOverdue: boolean;
  cancel: () => void;
}

interface CommitsDeps {
  readonly settings: Pick<Settings, 'url' | 'apiKey' | 'committedTimeoutMs'>;
  readonly internals: Internals;
  readonly onCommitted: (batch: AcceptedBatch) => void;
  /** It was not seen to be stored within `committedTimeoutMs`. */
  readonly onOverdue: (batch: AcceptedBatch) => void;
  /**
   * Where batches are kept until they are stored: 10 minutes (20, 40 … a day, each time that it was sent
   * again) after its acceptance the stream may have lost it. It is not awaited any more.
   */
  readonly onLost?: ((batch: AcceptedBatch) => void) | undefined;
  readonly onFailure: (error: SealtrailError) => void;
}

const lostPace = { baseMs: 600_000, capMs: 86_400_000 };

interface Asked {
  readonly found: number;
  readonly refused: boolean;
  /** The service asks for at least this much patience: a quota is used up, or it is down. */
  readonly retryAfterMs: number;
}
const nothing: Asked = { found: 0, refused: false, retryAfterMs: 0 };

const answerSchema = z.object({ committed: z.array(z.boolean()) });

/**
 * Asks the token service which accepted batches are stored, but only while somebody waits for it: first
 * after 50 ms, then at growing distances up to 2 s.
 */
export class Commits {
  readonly #deps: CommitsDeps;
  readonly #awaited = new Map<AcceptedBatch, Awaited>();
  /** Those that are not overdue. */
  #hopeful = 0;
  #fruitless = 0;
  #isAsking = false;
  #isStopped = false;
  #cancel = () => {};

  constructor(deps: CommitsDeps) {
    this.#deps = deps;
  }

  get isIdle(): boolean {
    return this.#awaited.size === 0;
  }

  /** Whether a batch is awaited that may still be stored in time: that is worth staying alive for. */
  get isHopeful(): boolean {
    return this.#hopeful > 0;
  }

  /** Calls `onCommitted` once this accepted batch is stored, or else `onOverdue` and `onLost`. */
  await(batch: AcceptedBatch): void {
    const { settings, internals, onLost } = this.#deps;
    const cancelOverdue = internals.clock.after(settings.committedTimeoutMs, () =>
      this.#overdue(batch),
    );
    const lostMs = doubling(lostPace, batch.resent);
    const cancelLost =
      onLost === undefined
        ? () => {}
        : internals.clock.after(lostMs, () => {
            this.#forget(batch);
            onLost(batch);
          });
    const cancel = () => {
      cancelOverdue();
      cancelLost();
    };
    this.#awaited.set(batch, { isOverdue: false, cancel });
    this.#hopeful += 1;
    this.#fruitless = 0;
    if (!this.#isAsking) this.#askIn(pace.baseMs);
  }

  /** Answers the batches that nobody will hear of. */
  stop(): AcceptedBatch[] {
    this.#isStopped = true;
    this.#cancel();
    for (const { cancel } of this.#awaited.values()) cancel();
    return [...this.#awaited].filter(([, { isOverdue }]) => !isOverdue).map(([batch]) => batch);
  }

  #overdue(batch: AcceptedBatch): void {
    const awaited = this.#awaited.get(batch);
    if (awaited === undefined) return;
    awaited.isOverdue = true;
    this.#hopeful -= 1;
    if (this.#deps.onLost === undefined) this.#forget(batch);
    this.#deps.onOverdue(batch);
  }

  #forget(batch: AcceptedBatch): void {
    const awaited = this.#awaited.get(batch);
    awaited?.cancel();
    if (awaited?.isOverdue === false) this.#hopeful -= 1;
    this.#awaited.delete(batch);
  }

  #askIn(ms: number, leastMs = 0): void {
    this.#cancel();
    if (this.#awaited.size === 0 || this.#isStopped) return;
    const jittered = Math.max(leastMs, ms * (0.75 + 0.25 * this.#deps.internals.random()));
    this.#cancel = this.#deps.internals.clock.after(jittered, () => void this.#ask());
  }

  /** One request after the other, over all that are awaited. */
  async #ask(): Promise<void> {
    this.#isAsking = true;
    const batches = [...this.#awaited.keys()];
    let found = 0;
    let last = nothing;
    for (
      let i = 0;
      i < batches.length && !last.refused && last.retryAfterMs === 0;
      i += maxBatches
    ) {
      last = await this.#askFor(batches.slice(i, i + maxBatches));
      if (this.#isStopped) return;
      found += last.found;
    }
    this.#isAsking = false;
    this.#fruitless = found > 0 ? 0 : this.#fruitless + 1;
    const isUrgent = this.isHopeful && !last.refused;
    const delay = doubling(isUrgent ? pace : rarePace, this.#fruitless);
    this.#askIn(delay, last.retryAfterMs);
  }

  async #askFor(batches: readonly AcceptedBatch[]): Promise<Asked> {
    const { url, apiKey } = this.#deps.settings;
    const bearer = await bearerOf(apiKey, this.#deps.internals.clock);
    if (bearer.kind === 'failed') {
      this.#deps.onFailure(bearer.error);
      return { ...nothing, refused: bearer.refused };
    }
    const { answer } = await postJson(
      this.#deps.internals,
      `${url}/v1/commits`,
      { authorization: `Bearer ${bearer.text}` },
      { batches: batches.map(({ to, id }) => ({ to, id })) },
    );
    if (this.#isStopped) return nothing;
    if (answer.kind === 'failed') {
      this.#deps.onFailure(answer.error);
      return { ...nothing, refused: answer.refused, retryAfterMs: answer.retryAfterMs };
    }
    const parsed = answerSchema.safeParse(answer.body);
    if (!parsed.success || parsed.data.committed.length !== batches.length) {
      this.#deps.onFailure(
        new SealtrailError('unavailable', `${url}/v1/commits answered another form`),
      );
      return nothing;
    }
    // Some may have been given up meanwhile.
    const stored = batches.filter((each, i) => parsed.data.committed[i] && this.#awaited.has(each));
    for (const batch of stored) {
      this.#forget(batch);
      this.#deps.onCommitted(batch);
    }
    return { ...nothing, found: stored.length };
  }
}
