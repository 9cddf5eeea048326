import type { Clock } from '../../src/client/clock.ts';

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** Time that passes only when a test says so: timers run in order, with all that follows from each. */
export class VirtualClock implements Clock {
  /** Who keeps the process alive. */
  holds = 0;
  #now: number;
  /** What `now` is ahead of the monotonic clock, and of the time since the start. */
  #set = 0;
  #slept = 0;
  #timers: Timer[] = [];

  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#set - this.#slept;
  }

  uptime(): number {
    return this.#now - this.#set;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, Math.ceil(ms)), run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  hold(): () => void {
    this.holds += 1;
    return () => {
      this.holds -= 1;
    };
  }

  /** Sets the machine's clock: timers do not notice. */
  set(now: number): void {
    this.#set += now - this.#now;
    this.#move(now);
  }

  /** The machine sleeps: its clock goes on, and timers do not. */
  sleep(ms: number): void {
    this.#slept += ms;
    this.#move(this.#now + ms);
  }

  #move(now: number): void {
    const step = now - this.#now;
    this.#now = now;
    this.#timers = this.#timers.map(({ at, run }) => ({ at: at + step, run }));
  }

  /** Runs whatever can run without time passing. */
  async settle(): Promise<void> {
    for (let i = 0; i < 8; i++) await new Promise((resolve) => setImmediate(resolve));
  }

  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.settle();
    for (let next = this.#next(); next !== undefined && next.at <= end; next = this.#next())
      await this.#run(next);
    this.#now = Math.max(this.#now, end);
    await this.settle();
  }

  /** Lets time pass until the condition holds; throws if it does not within `limitMs`. */
  async until(condition: () => boolean, limitMs = 7 * 86_400_000): Promise<void> {
    const end = this.#now + limitMs;
    await this.settle();
    while (!condition()) {
      const next = this.#next();
      if (next === undefined || next.at > end)
        throw new Error(`still not so after ${limitMs} ms: ${condition}`);
      await this.#run(next);
    }
  }

  /** Lets time pass until the promise is settled, and answers with it. */
  async while<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = () => {
      isSettled = true;
    };
    promise.then(settled, settled);
    await this.until(() => isSettled);
    return promise;
  }

  #next(): Timer | undefined {
    return this.#timers.reduce<Timer | undefined>(
      (first, each) => (first === undefined || each.at < first.at ? each : first),
      undefined,
    );
  }

  async #run(timer: Timer): Promise<void> {
    this.#timers = this.#timers.filter((each) => each !== timer);
    this.#now = Math.max(this.#now, timer.at);
    timer.run();
    await this.settle();
  }
}
