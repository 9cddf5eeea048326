import type { Clock } from './clock.ts';

/** How long nothing may be accepted while something waits, ms. */
const stallMs = 30_000;

/** Notices that nothing comes on although something waits. Costs one timer, whatever the traffic. */
export class StallWatch {
  readonly #clock: Clock;
  readonly #onStalled: (forMs: number) => void;
  #since = 0;
  #cancel: (() => void) | undefined;

  /** `onStalled` is called after 30 s, and every 30 s more while it lasts. */
  constructor(clock: Clock, onStalled: (forMs: number) => void) {
    this.#clock = clock;
    this.#onStalled = onStalled;
  }

  /** Something was accepted. */
  progress(): void {
    this.#since = this.#clock.now();
  }

  /** Whether something waits. */
  watch(isWaiting: boolean): void {
    if (isWaiting && this.#cancel === undefined) {
      this.progress();
      this.#wait(stallMs, this.#since);
    } else if (!isWaiting) {
      this.#cancel?.();
      this.#cancel = undefined;
    }
  }

  /** `since`: what was known when the timer was set. */
  #wait(ms: number, since: number): void {
    this.#cancel = this.#clock.after(ms, () => {
      const forMs = this.#clock.now() - this.#since;
      if (this.#since === since) this.#onStalled(forMs);
      const isNew = this.#since !== since;
      // A machine's clock that was set must not make it wait for longer.
      const left = isNew ? Math.min(stallMs, Math.max(1, stallMs - forMs)) : stallMs;
      this.#wait(left, this.#since);
    });
  }
}
