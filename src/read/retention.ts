import { limits } from '../domain/limits.ts';
import { digestPattern } from '../domain/manifest.ts';
import type { Summary } from '../store/batch-store.ts';
import { dayMs } from '../store/counts.ts';
import type { Grants } from './open-batch.ts';

interface Kept {
  /** Epoch ms. */
  readonly to: number;
  /** Epoch seconds, as the row says. */
  readonly expires: number;
}

/**
 * Whether retention has taken a batch. The row's own word is not enough, since nobody signed it: a batch is never
 * taken before its grant's `retentionDays` have passed since its latest event.
 */
export function isTaken({ to, expires }: Kept, retentionDays: number, now: number): boolean {
  return expires * 1000 <= now && to + retentionDays * dayMs <= now;
}

/** Whether a row says that it ends earlier than its grant lets it. An event may be ahead of its arrival. */
export function endsEarly({ to, expires }: Kept, retentionDays: number): boolean {
  return expires * 1000 + 1000 + limits.aheadMs < to + retentionDays * dayMs;
}

/**
 * Whether retention has taken a batch, by its summary, for one request. A summary names its grant, and the issuer signed
 * how long that one's batches are kept. Where no such grant is known, the batch is not taken: it is opened, and judged
 * by the grant that it was really sealed under.
 */
export class Retention {
  readonly #grants: Grants;
  readonly #now: () => number;
  readonly #days = new Map<string, number | undefined>();

  constructor(grants: Grants, now: () => number) {
    this.#grants = grants;
    this.#now = now;
  }

  /**
   * Must be called of each summary before `isTaken`: looks its grant up if it says that it is over, and those of
   * `following` in the same call.
   */
  async learn(summary: Summary, following: () => readonly Summary[]): Promise<void> {
    if (!this.#isUnknown(summary)) return;
    const asked = [summary, ...following()].filter((each) => this.#isUnknown(each));
    const unknown = new Set(asked.map(({ grant }) => grant));
    const found = await this.#grants(unknown);
    for (const id of unknown) this.#days.set(id, found.get(id)?.retentionDays);
  }

  #isUnknown({ expires, grant }: Summary): boolean {
    const mayBeTaken = expires * 1000 <= this.#now() && digestPattern.test(grant);
    return mayBeTaken && !this.#days.has(grant);
  }

  isTaken(summary: Summary): boolean {
    const days = this.#days.get(summary.grant);
    return days !== undefined && isTaken(summary, days, this.#now());
  }
}
