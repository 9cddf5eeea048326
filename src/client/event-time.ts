import { limits } from '../domain/limits.ts';

const dayMs = 86_400_000;

/** Why the store will not take events of a time. */
export type Untimely = 'clock-ahead' | 'too-old';

/** What is known of the times that the store takes, epoch ms. */
export interface TimeBounds {
  /** The server's time, or the machine's while `synced` is false. */
  readonly now: number;
  readonly synced: boolean;
  /** The oldest event that the consumer would store, where it is known. */
  readonly earliest?: number | undefined;
}

/**
 * Whether, and why, an event of this time would be refused by the store. A clock that was not yet compared
 * to the server's may be wrong by a time zone, so only a time over 24 h ahead of it counts as absurd then.
 */
export function untimely(time: number, bounds: TimeBounds): Untimely | undefined {
  if (time > bounds.now + (bounds.synced ? limits.aheadMs : dayMs)) return 'clock-ahead';
  if (bounds.earliest !== undefined && time < bounds.earliest) return 'too-old';
  return undefined;
}

/**
 * The same of what is written down already, by a clock that may have been wrong: what lies up to a day
 * ahead waits for its time, only what is beyond it never would be stored.
 */
export function untimelyForever(time: number, bounds: TimeBounds): Untimely | undefined {
  return untimely(time, { ...bounds, synced: false });
}

export function adviceOn(why: Untimely, time: number, { now, synced }: TimeBounds): string {
  return why === 'too-old'
    ? 'older than the retention of this log, so it would not be kept'
    : `${time - now} ms ahead of the ${synced ? 'server' : 'machine'}'s clock; give when it happened`;
}
