import { toTime } from '../domain/encoding.ts';
import { codeOf } from '../domain/error.ts';

/** What a spool holds now, and what befell it since the client was made. */
export interface SpoolStats {
  /** Of its segments, and about to be written: what `maxBytes` limits. The reserve comes on top. */
  readonly bytes: number;
  /** Durable events that it still keeps: in no batch yet, or in one that is not delivered. */
  readonly events: number;
  readonly segments: number;
  /** Segments given up since then, as an fsync failed. What was durable in them was written anew. */
  readonly abandoned: number;
  /** Segments of which something durable cannot be read, in use or put by as `.damaged`: alarm on it. */
  readonly damaged: number;
  /** Asked for since then, of files and of the folder. */
  readonly fsyncs: number;
  /** What an earlier process left is still being read: `events` and `segments` are not known yet. */
  readonly isOpening: boolean;
}

/** What a client has done since it was made. */
export interface Stats {
  /** Events that `record` took. */
  readonly recorded: number;
  /** Calls of `record` that were rejected with `buffer-full`: nothing of them was taken. Alarm on it. */
  readonly refused: number;
  /** Events that are on the stream. */
  readonly accepted: number;
  /** Events that are seen to be stored: only those whose `record` waited for it. */
  readonly committed: number;
  /** Events that `record` took and then rejected, before they were sent: recorded = accepted + pending + rejected. */
  readonly rejected: number;
  /** Events of the spool that were sent for the service to put aside: the store takes none of their time. */
  readonly quarantined: number;
  /** Recorded and not yet accepted: events, and the bytes of their lines. */
  readonly pending: { readonly events: number; readonly bytes: number };
  /** Batches that are on the stream, and bytes of all records that were put, retries too. */
  readonly batches: number;
  readonly wireBytes: number;
  /** Records put again; batches signed again under a newer grant. */
  readonly retries: number;
  readonly resigned: number;
  /** Batches of the spool sent again, as they were not seen to be stored 10 minutes after their acceptance. */
  readonly resent: number;
  /** Requests that may be in flight now: `inFlight`, or fewer while the stream throttles. */
  readonly window: number;
  /** Requests refused for a reason that a person must remove: alarm on it. */
  readonly stalled: number;
  /** Only with a spool. */
  readonly spool?: SpoolStats;
  /** The latest failure, whether or not it has passed. `code` is ours, or the name of AWS's error. */
  readonly lastError?: { readonly at: string; readonly code: string; readonly message: string };
}

export function describeFailure(error: unknown, at: number): NonNullable<Stats['lastError']> {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { at: toTime(at), code: codeOf(error) ?? name, message };
}
