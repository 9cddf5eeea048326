import { SealtrailError } from '../domain/error.ts';
import type { PreparedEvent } from './prepare-event.ts';

/** What a recorded event has come to. Times are RFC 3339, of the server's clock. */
export interface Receipt {
  /** The event's id. */
  readonly id: string;
  /** The batch that it was sealed in, and its place in the producer's chain. */
  readonly batch: string;
  readonly seq: number;
  readonly producer: string;
  /** When the stream had taken it. */
  readonly acceptedAt: string;
  /** The stream's sequence number of the batch. */
  readonly sequenceNumber?: string;
  /** When it was seen to be stored; only if that was waited for. */
  readonly committedAt?: string;
}

/** An event that is in the spool, fsynced: it will be accepted, even if the process or the power fails. */
export interface Durable {
  /** The event's id. */
  readonly id: string;
  /** RFC 3339, of the server's clock as it is known. */
  readonly durableAt: string;
}

/** How far an event must have come before `record` resolves; `durable` only with a spool. */
export type Until = 'durable' | 'accepted' | 'committed';

/** How a call of `record` is to be answered. */
export interface RecordOptions<U extends Until = Until> {
  /** How far the event must have come. Default `accepted`. */
  readonly until?: U;
  /**
   * For what must not happen unlogged: never waits for room (`buffer-full`), and rejects with `unavailable`
   * what is not there within `timeoutMs`; the error's `fate` tells what becomes of the event. Default false.
   */
  readonly failClosed?: boolean;
  /** Of `failClosed`, ms: 1 to 86,400,000, default 5,000. */
  readonly timeoutMs?: number;
}

/** The options of a call, checked and complete. */
export type Level = Required<RecordOptions>;

/** What `record` resolves with. */
export type Acknowledgement<U extends Until = Until> = U extends 'durable' ? Durable : Receipt;

/** An event on its way, and whom to tell. */
export interface Entry {
  /** Counts up in the order of recording. */
  readonly number: number;
  readonly until: Until;
  /** It is refused rather than made to wait for room. */
  readonly failClosed: boolean;
  readonly resolve: (acknowledgement: Acknowledgement) => void;
  readonly reject: (error: Error) => void;
  /** Replaced when its provisional stamp is corrected. */
  event: PreparedEvent;
}

/** What an entry takes of a body and of the buffer, bytes: its line and LF. */
export function sizeOf(entry: Entry): number {
  return entry.event.line.length + 1;
}

const longestMs = 86_400_000;

/** Throws `request-invalid`, naming the option and what it must be. */
export function checkOptions(options: RecordOptions = {}, hasSpool: boolean): Level {
  const { until = 'accepted', failClosed = false, timeoutMs = 5000 } = options;
  const levels: Until[] = ['accepted', 'committed', ...(hasSpool ? (['durable'] as const) : [])];
  if (!levels.includes(until))
    throw wrong(`until: give one of ${levels.join(', ')} (durable needs a spool)`);
  if (typeof failClosed !== 'boolean') throw wrong('failClosed: give true or false');
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > longestMs)
    throw wrong(`timeoutMs: give whole milliseconds, 1 to ${longestMs}`);
  if (options.timeoutMs !== undefined && !failClosed)
    throw wrong('timeoutMs: it belongs to failClosed: true');
  return { until, failClosed, timeoutMs };
}

function wrong(message: string): SealtrailError {
  return new SealtrailError('request-invalid', message);
}
