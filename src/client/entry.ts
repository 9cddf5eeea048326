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
}

/** What `record` resolves with. */
export type Acknowledgement<U extends Until = Until> = U extends 'durable' ? Durable : Receipt;

/** An event on its way, and whom to tell. */
export interface Entry {
  /** Counts up in the order of recording. */
  readonly number: number;
  readonly until: Until;
  readonly resolve: (acknowledgement: Acknowledgement) => void;
  readonly reject: (error: Error) => void;
  /** Replaced when its provisional stamp is corrected. */
  event: PreparedEvent;
}

/** What an entry takes of a body and of the buffer, bytes: its line and LF. */
export function sizeOf(entry: Entry): number {
  return entry.event.line.length + 1;
}

/** Throws `request-invalid` unless there is such a level. */
export function checkUntil(until: Until, hasSpool: boolean): void {
  const levels: Until[] = ['accepted', 'committed', ...(hasSpool ? (['durable'] as const) : [])];
  if (levels.includes(until)) return;
  const choices = `one of ${levels.join(', ')} (durable needs a spool)`;
  throw new SealtrailError('request-invalid', `until: give ${choices}`);
}
