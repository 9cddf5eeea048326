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
const refusedPace = { baseMs: 5000, capMs: 60_000 };

/** A batch on the stream, with those of its events whose recorder waits for the store. */
export interface AcceptedBatch {
  readonly id: string;
  /** Latest event time, RFC 3339. */
  readonly to: string;
  readonly entries: readonly Entry[];
  readonly receipt: Omit<Receipt, 'id' | 'committedAt'>;
}

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
  readonly #settings: Pick<Settings, 'url' | 'apiKey'>;
  readonly #internals: Internals;
  readonly #onCommitted: (batch: AcceptedBatch) => void;
  readonly #onFailure: (error: SealtrailError) => void;
  readonly #awaited = new Set<AcceptedBatch>();
  #fruitless = 0;
  #isAsking = false;
  #isStopped = false;
  #cancel = () => {};

  constructor(
    settings: Pick<Settings, 'url' | 'apiKey'>,
    internals: Internals,
    onCommitted: (batch: AcceptedBatch) => void,
    onFailure: (error: SealtrailError) => void,
  ) {
    this.#settings = settings;
    this.#internals = internals;
    this.#onCommitted = onCommitted;
    this.#onFailure = onFailure;
  }

  get isIdle(): boolean {
    return this.#awaited.size === 0;
  }

  /** Calls `onCommitted` once this accepted batch is stored. */
  await(batch: AcceptedBatch): void {
    this.#awaited.add(batch);
    this.#fruitless = 0;
    if (!this.#isAsking) this.#askIn(pace.baseMs);
  }

  /** Answers the batches that nobody will hear of. */
  stop(): AcceptedBatch[] {
    this.#isStopped = true;
    this.#cancel();
    return [...this.#awaited];
  }

  #askIn(ms: number, leastMs = 0): void {
    this.#cancel();
    if (this.#awaited.size === 0 || this.#isStopped) return;
    const jittered = Math.max(leastMs, ms * (0.75 + 0.25 * this.#internals.random()));
    this.#cancel = this.#internals.clock.after(jittered, () => void this.#ask());
  }

  /** One request after the other, over all that are awaited. */
  async #ask(): Promise<void> {
    this.#isAsking = true;
    const batches = [...this.#awaited];
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
    const delay = doubling(last.refused ? refusedPace : pace, this.#fruitless);
    this.#askIn(delay, last.retryAfterMs);
  }

  async #askFor(batches: readonly AcceptedBatch[]): Promise<Asked> {
    const { url, apiKey } = this.#settings;
    const bearer = await bearerOf(apiKey, this.#internals.clock);
    if (bearer.kind === 'failed') {
      this.#onFailure(bearer.error);
      return { ...nothing, refused: bearer.refused };
    }
    const { answer } = await postJson(
      this.#internals,
      `${url}/v1/commits`,
      { authorization: `Bearer ${bearer.text}` },
      { batches: batches.map(({ to, id }) => ({ to, id })) },
    );
    if (this.#isStopped) return nothing;
    if (answer.kind === 'failed') {
      this.#onFailure(answer.error);
      return { ...nothing, refused: answer.refused, retryAfterMs: answer.retryAfterMs };
    }
    const parsed = answerSchema.safeParse(answer.body);
    if (!parsed.success || parsed.data.committed.length !== batches.length) {
      this.#onFailure(new SealtrailError('unavailable', `${url}/v1/commits answered another form`));
      return nothing;
    }
    const stored = batches.filter((_, i) => parsed.data.committed[i]);
    for (const batch of stored) {
      this.#awaited.delete(batch);
      this.#onCommitted(batch);
    }
    return { ...nothing, found: stored.length };
  }
}
