import { digestPattern } from '../domain/manifest.ts';
import { isTaken } from '../domain/retention.ts';
import type { Summary } from '../store/batch-store.ts';
import type { Grants } from './open-batch.ts';

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
