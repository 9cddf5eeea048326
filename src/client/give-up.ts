import { type EventFate, SealtrailError } from '../domain/error.ts';
import type { Entry } from './entry.ts';

/** What close's deadline finds. */
interface Unfinished {
  /** In batches that were sealed, and that may be on the stream. */
  readonly sent: readonly Entry[];
  /** In none. */
  readonly unsent: readonly Entry[];
  /** Accepted, and not seen to be stored. */
  readonly unseen: readonly Entry[];
  /** Whether a spool keeps what was durable. */
  readonly isKept: boolean;
  readonly closeTimeoutMs: number;
  /** Message of the latest failure. */
  readonly reason: string | undefined;
}

/** Rejects who waits for an event, and answers what `close` and `flush` are rejected with. */
export function giveUp(unfinished: Unfinished): SealtrailError {
  const { sent, unsent, unseen, isKept, closeTimeoutMs, reason } = unfinished;
  const within = `within ${closeTimeoutMs} ms of close`;
  const message = `the event was not accepted ${within}`;
  for (const entry of sent) entry.reject(closed(message, 'may-arrive'));
  for (const entry of unsent) entry.reject(closed(message, isKept ? 'may-arrive' : 'withdrawn'));
  const accepted = `the event is accepted, but was not seen to be stored ${within}`;
  for (const entry of unseen) entry.reject(closed(accepted, 'may-arrive'));
  const count = sent.length + unsent.length;
  const kept = isKept ? ' (the spool keeps what was durable)' : '';
  const left = `${count} events not accepted, ${unseen.length} not seen to be stored${kept}`;
  return new SealtrailError('unavailable', `${left} ${within}: ${reason}`);
}

export function closed(message: string, fate?: EventFate): SealtrailError {
  return new SealtrailError('closed', message, { fate });
}
