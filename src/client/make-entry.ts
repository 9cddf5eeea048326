import { SealtrailError } from '../domain/error.ts';
import { bounded } from './bounded.ts';
import type { Clock, ServerClock } from './clock.ts';
import { checkOptions, type Entry, type Level, type RecordOptions } from './entry.ts';
import { type EventInput, prepareEvent } from './prepare-event.ts';

interface EntryDeps extends Pick<Entry, 'number' | 'resolve' | 'reject'> {
  readonly mint: Parameters<typeof prepareEvent>[1]['mint'];
  readonly clock: Clock;
  readonly serverClock: ServerClock;
  readonly earliest: number | undefined;
  readonly hasSpool: boolean;
  /** With `failClosed`: the time for its level has passed. */
  readonly onLate: (entry: Entry, level: Level) => void;
}

/** What `record` was given, checked and written to a line, with whom to tell. Throws `event-invalid`. */
export function makeEntry(
  input: EventInput,
  options: RecordOptions | undefined,
  deps: EntryDeps,
): Entry {
  const { number, resolve, reject, mint, clock, serverClock, earliest } = deps;
  const level = checkOptions(options, deps.hasSpool);
  const { until, failClosed, timeoutMs } = level;
  const { synced } = serverClock;
  const event = prepareEvent(input, { mint, now: serverClock.now(), synced, earliest });
  const settle = failClosed
    ? bounded({ resolve, reject }, timeoutMs, clock, () => deps.onLate(entry, level))
    : { resolve, reject };
  const entry: Entry = { number, until, failClosed, ...settle, event };
  return entry;
}

/** What an entry that has no room is rejected with. */
export function bufferFull(): SealtrailError {
  return new SealtrailError(
    'buffer-full',
    'it is full, and as many wait for room as may: await record(), or try later',
  );
}
