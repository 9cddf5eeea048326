/** Where time comes from. Injected, so that tests can run a day in a moment. */
export interface Clock {
  /** Epoch ms, an integer. */
  now(): number;
  /** Calls `run` once, `ms` from now, unless it is cancelled. Never keeps the process alive. */
  after(ms: number, run: () => void): () => void;
  /** Keeps the process alive until the answer is called. */
  hold(): () => void;
}

const longest = 2 ** 31 - 1; // a longer setTimeout would fire at once

export const systemClock: Clock = {
  now: Date.now,
  after(ms, run) {
    const timer = setTimeout(run, Math.min(ms, longest));
    timer.unref();
    return () => clearTimeout(timer);
  },
  hold() {
    const timer = setInterval(() => {}, longest);
    return () => clearInterval(timer);
  },
};

/**
 * The server's time, as well as it is known: the machine's clock plus an offset. Until the first answer
 * of the server the offset is 0 and `synced` is false.
 */
export class ServerClock {
  readonly #clock: Clock;
  #offset = 0;
  #synced = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get synced(): boolean {
    return this.#synced;
  }

  /** What is added to the machine's clock, ms. */
  get offset(): number {
    return this.#offset;
  }

  now(): number {
    return this.#clock.now() + this.#offset;
  }

  /** The server said `serverTime` somewhere between `askedAt` and `answeredAt` of the machine's clock. */
  sync(serverTime: number, askedAt: number, answeredAt: number): void {
    this.#offset = Math.round(serverTime - (askedAt + answeredAt) / 2);
    this.#synced = true;
  }
}
