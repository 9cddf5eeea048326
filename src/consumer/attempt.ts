import { SealtrailError } from '../domain/error.ts';

export type Attempt<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: SealtrailError };

/** A poison error is an outcome; any other is a fault of ours and fails the invocation. */
export function attempt<T>(run: () => T): Attempt<T> {
  try {
    return { ok: true, value: run() };
  } catch (error) {
    if (error instanceof SealtrailError && error.kind === 'poison') return { ok: false, error };
    throw error;
  }
}
