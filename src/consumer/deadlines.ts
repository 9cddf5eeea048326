/** Time that is kept for setting aside and answering, ms. */
const reserveMs = 10_000;
/** And, of what is left, the part in which records are checked; the rest is for storing them. */
const checkingPart = 0.6;

/**
 * How long an invocation may work, of what Lambda leaves it (ms): until `signal` it stores, until `checking` it checks
 * records. Whole milliseconds, at least 1 each: `AbortSignal.timeout` throws at a fraction.
 */
export function deadlines(remainingMs: number): {
  readonly signalMs: number;
  readonly checkingMs: number;
} {
  const signalMs = Math.max(Math.floor(remainingMs - reserveMs), 1);
  return { signalMs, checkingMs: Math.max(Math.floor(signalMs * checkingPart), 1) };
}
