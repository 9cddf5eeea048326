/** Wakes everyone who waits for something to change, without keeping those who no longer do. */
export interface Bell {
  /** Aborted at the next ring. Take it before looking at what may change. */
  readonly next: AbortSignal;
  ring(): void;
}

export function createBell(): Bell {
  let current = new AbortController();
  return {
    get next() {
      return current.signal;
    },
    ring() {
      const rung = current;
      current = new AbortController();
      rung.abort();
    },
  };
}

/** Resolves at the first abort of these. */
export function firstOf(...signals: readonly AbortSignal[]): Promise<void> {
  const signal = AbortSignal.any([...signals]);
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** The value of a promise, or nothing when `stop` is aborted first. */
export async function unlessStopped<T>(
  promise: Promise<T>,
  stop: AbortSignal,
): Promise<T | undefined> {
  const over = new AbortController();
  try {
    return await Promise.race([promise, firstOf(stop, over.signal).then(() => undefined)]);
  } finally {
    over.abort();
  }
}
