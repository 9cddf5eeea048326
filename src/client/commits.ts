import { z } from 'zod';
import { SealtrailError } from '../domain/error.ts';
import { doubling } from './backoff.ts';
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

  #askIn(ms: number): void {
    this.#cancel();
    if (this.#awaited.size === 0 || this.#isStopped) return;
    const jittered = ms * (0.75 + 0.25 * this.#internals.random());
    this.#cancel = this.#internals.clock.after(jittered, () => void this.#ask());
  }

  /** One request after the other, over all that are awaited. */
  async #ask(): Promise<void> {
    this.#isAsking = true;
    const batches = [...this.#awaited];
    let found = 0;
    let refused = false;
    for (let i = 0; i < batches.length && !refused; i += maxBatches) {
      const result = await this.#askFor(batches.slice(i, i + maxBatches));
      if (this.#isStopped) return;
      found += result.found;
      refused = result.refused;
    }
    this.#isAsking = false;
    this.#fruitless = found > 0 ? 0 : this.#fruitless + 1;
    this.#askIn(doubling(refused ? refusedPace : pace, this.#fruitless));
  }

  async #askFor(batches: readonly AcceptedBatch[]): Promise<{ found: number; refused: boolean }> {
    const { url, apiKey } = this.#settings;
    const { answer } = await postJson(
      this.#internals,
      `${url}/v1/commits`,
      { authorization: `Bearer ${apiKey}` },
      { batches: batches.map(({ to, id }) => ({ to, id })) },
    );
    if (this.#isStopped) return { found: 0, refused: false };
    if (answer.kind === 'failed') {
      this.#onFailure(answer.error);
      return { found: 0, refused: answer.refused };
    }
    const parsed = answerSchema.safeParse(answer.body);
    if (!parsed.success || parsed.data.committed.length !== batches.length) {
      this.#onFailure(new SealtrailError('unavailable', `${url}/v1/commits answered another form`));
      return { found: 0, refused: false };
    }
    const stored = batches.filter((_, i) => parsed.data.committed[i]);
    for (const batch of stored) {
      this.#awaited.delete(batch);
      this.#onCommitted(batch);
    }
    return { found: stored.length, refused: false };
  }
}
