import type { Clock } from './clock.ts';

/** Keeps the process alive for as long as it is told to. */
export class Hold {
  readonly #clock: Clock;
  #release: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  keep(isBusy: boolean): void {
    if (isBusy) this.#release ??= this.#clock.hold();
    else {
      this.#release?.();
      this.#release = undefined;
    }
  }
}
