import { limits } from './limits.ts';

/** What a row says of its end, beside what is signed of its batch. */
export interface Kept {
  /** The batch's latest event, epoch ms: signed. */
  readonly to: number;
  /** Epoch seconds, as the row says: nobody signed it. */
  readonly expires: number;
}

const dayMs = 86_400_000;

/**
 * Whether retention has taken a batch. The row's own word is not enough: a batch is never taken before
 * `retentionDays` have passed since its latest event.
 */
export function isTaken({ to, expires }: Kept, retentionDays: number, now: number): boolean {
  return expires * 1000 <= now && to + retentionDays * dayMs <= now;
}

/**
 * Whether a row ends before its retention does, so that DynamoDB would remove it early. An honest one ends so long after
 * its arrival, which its latest event may be ahead of.
 */
export function endsEarly({ to, expires }: Kept, retentionDays: number): boolean {
  return expires * 1000 + 1000 + limits.aheadMs < to + retentionDays * dayMs;
}
