import { uptime } from 'node:os';

/** Where time comes from. Injected, so that tests can run a day in a moment. */
export interface Clock {
  /** Epoch ms, an integer. Steps when the machine's clock is set. */
  now(): number;
  /** Since some moment, ms. Never steps; may stand still while the machine sleeps. */
  monotonic(): number;
  /** Since the machine was started, ms, with the time that it slept; exact to 10 ms or so, and dear. */
  uptime(): number;
  /** Calls `run` once, `ms` from now, unless it is cancelled. Never keeps the process alive. */
  after(ms: number, run: () => void): () => void;
  /** Keeps the process alive until the answer is called. */
  hold(): () => void;
}

const longest = 2 ** 31 - 1; // a longer setTimeout would fire at once

export const systemClock: Clock = {
  now: Date.now,
  // On Linux CLOCK_MONOTONIC and, for the uptime, a clock that includes suspension: clock_gettime(2), proc(5).
  monotonic: () => performance.now(),
  uptime: () => uptime() * 1000,
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

/** The machine's clock and the monotonic one may part by this much between two answers of the server, ms. */
const stepMs = 2000;
/** A shorter sleep is not told from the inexactness of the uptime, ms. */
const sleepMs = 500;

/**
 * The server's time, as well as it is known. Until the first answer of the server it is the machine's, and
 * `synced` is false; from then on the server's goes on by the monotonic clock: so a step of the machine's clock
 * has no effect. Where the machine has slept, that time is added; whichever it was, `onStep` is told, to ask
 * the server again.
 */
export class ServerClock {
  readonly #clock: Clock;
  readonly #onStep: () => void;
  /** What is added to the monotonic clock, once it is known, ms. */
  #base: number | undefined;
  /** What the clocks said when they were last compared. */
  #seen = { now: 0, monotonic: 0, uptime: 0 };

  constructor(clock: Clock, onStep: () => void = () => {}) {
    this.#clock = clock;
    this.#onStep = onStep;
  }

  get synced(): boolean {
    return this.#base !== undefined;
  }

  /** What is to be added to the machine's clock now, ms. */
  get offset(): number {
    return this.now() - this.#clock.now();
  }

  now(): number {
    if (this.#base === undefined) return this.#clock.now();
    const monotonic = this.#clock.monotonic();
    const step = this.#clock.now() - this.#seen.now - (monotonic - this.#seen.monotonic);
    if (Math.abs(step) >= stepMs) this.#stepped(monotonic);
    return Math.round(this.#base + monotonic);
  }

  /** The server said `serverTime` somewhere between `askedAt` and `answeredAt` of the monotonic clock. */
  sync(serverTime: number, askedAt: number, answeredAt: number): void {
    this.#base = serverTime - (askedAt + answeredAt) / 2;
    this.#look(this.#clock.monotonic());
  }

  #stepped(monotonic: number): void {
    const before = this.#seen;
    this.#look(monotonic);
    const slept = this.#seen.uptime - before.uptime - (monotonic - before.monotonic);
    if (this.#base !== undefined && slept >= sleepMs) this.#base += slept;
    queueMicrotask(this.#onStep);
  }

  #look(monotonic: number): void {
    this.#seen = { now: this.#clock.now(), monotonic, uptime: this.#clock.uptime() };
  }
}
