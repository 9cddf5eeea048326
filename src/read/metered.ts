import type { Operation } from '../lambda/http.ts';
import type { Authenticate } from './access.ts';
import type { ReadQuota } from './read-quota.ts';

export interface MeteredOptions {
  readonly authenticateAny: Authenticate;
  readonly quota: ReadQuota;
  /** Epoch ms. */
  readonly now: () => number;
}

/** An operation that is counted, and refused (`quota-exceeded`) once its reader is over its quota, before any work. */
export function metered(options: MeteredOptions, operation: Operation): Operation {
  const { authenticateAny, quota, now } = options;
  return async (request) => {
    const reader = await authenticateAny(request);
    await quota.admit(reader);
    const begun = now();
    try {
      return await operation(request);
    } finally {
      // Also of what failed: it was work all the same.
      await quota.charge(reader, now() - begun);
    }
  };
}
