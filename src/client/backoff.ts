export interface Backoff {
  readonly baseMs: number;
  readonly capMs: number;
}

/** How long after the failed attempt number `attempt` (0, 1, 2 …): doubling, up to the cap, ms. */
export function doubling({ baseMs, capMs }: Backoff, attempt: number): number {
  return Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));
}

/**
 * Anything between nothing and the doubled delay, so that clients that failed together do not come back
 * together: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ ("Full Jitter").
 */
export function fullJitter(backoff: Backoff, attempt: number, random: () => number): number {
  return Math.ceil(random() * doubling(backoff, attempt));
}
