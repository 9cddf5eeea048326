import { SealtrailError } from '../domain/error.ts';
import type { Clock } from './clock.ts';
import type { Entry, Level } from './entry.ts';

type Callbacks = Pick<Entry, 'resolve' | 'reject'>;

/** The same callbacks, and `onLate` once unless one of them is called within so many ms. */
export function bounded(
  { resolve, reject }: Callbacks,
  ms: number,
  clock: Clock,
  onLate: () => void,
): Callbacks {
  const cancel = clock.after(ms, onLate);
  return {
    resolve(acknowledgement) {
      cancel();
      resolve(acknowledgement);
    },
    reject(error) {
      cancel();
      reject(error);
    },
  };
}

/** That an event did not come as far in time as its recorder demanded. */
export function tooLate(
  { until, timeoutMs }: Level,
  isWithdrawn: boolean,
  lastError: string | undefined,
): SealtrailError {
  const what = isWithdrawn
    ? 'it is withdrawn, and will not be in the log'
    : 'it may be in the log nevertheless, now or later';
  const why = lastError === undefined ? '' : ` (${lastError})`;
  return new SealtrailError(
    'unavailable',
    `the event is not ${until} after ${timeoutMs} ms; ${what}${why}`,
    { fate: isWithdrawn ? 'withdrawn' : 'may-arrive' },
  );
}
