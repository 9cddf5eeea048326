import { SealtrailError } from '../domain/error.ts';

/** Waits for what we depend on; whatever it fails with becomes `unavailable`, which is worth another try. */
export async function orUnavailable<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    if (cause instanceof SealtrailError) throw cause;
    throw new SealtrailError('unavailable', `${what} does not answer; try again`, { cause });
  }
}
