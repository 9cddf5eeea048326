import type { Clock } from '../client/clock.ts';
import { SealtrailError } from '../domain/error.ts';

/** How long a request may take, ms; together less than the function's time-out (15 s, lib/constructs/read-throttles.ts). */
export const times = {
  /** A scan stops here, and the answer says where to go on. */
  scan: 8_000,
  /** Whatever was not answered by then is given up: a dependency hangs, or one step of a scan took seconds. */
  operation: 12_000,
  /** Until the answer is given, recorded or not. */
  answer: 14_000,
} as const;

/**
 * Waits for `work`, for `ms` at most. Throws `unavailable` then; the work goes on, and what becomes of it is not told
 * any more.
 */
export async function withinTime<T>(
  ms: number,
  what: string,
  work: Promise<T>,
  clock: Pick<Clock, 'after'>,
): Promise<T> {
  let cancel = () => {};
  const late = new Promise<never>((_, reject) => {
    cancel = clock.after(Math.max(ms, 0), () =>
      reject(new SealtrailError('unavailable', `${what} took too long; try again`)),
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    cancel();
  }
}
