/** What a tail needs of the world. */
export interface TailOptions {
  /** Looks for news, and says how many there were. */
  readonly poll: () => Promise<number>;
  readonly onError: (error: unknown) => void;
  /** Calls back after so many ms; the result cancels. */
  readonly after: (ms: number, call: () => void) => () => void;
}

/** Right after news there is often more; a quiet log is asked twice a minute. */
export const soonest = 2000;
export const latest = 30_000;

/** Polls until it is stopped, ever less often while there is nothing new. One poll at a time. */
export class Tail {
  readonly #options: TailOptions;
  #cancel: (() => void) | undefined;
  #wait = soonest;
  #isOn = false;

  constructor(options: TailOptions) {
    this.#options = options;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  start(): void {
    if (this.#isOn) return;
    this.#isOn = true;
    this.#wait = soonest;
    this.#schedule();
  }

  stop(): void {
    this.#isOn = false;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #schedule(): void {
    this.#cancel = this.#options.after(this.#wait, () => void this.#poll());
  }

  async #poll(): Promise<void> {
    try {
      const news = await this.#options.poll();
      this.#wait = news > 0 ? soonest : Math.min(latest, this.#wait * 1.5);
    } catch (error) {
      this.#wait = Math.min(latest, this.#wait * 2);
      this.#options.onError(error);
    }
    if (this.#isOn) this.#schedule();
  }
}
