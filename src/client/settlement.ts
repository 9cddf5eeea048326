import { toTime } from '../domain/encoding.ts';
import { SealtrailError } from '../domain/error.ts';
import type { ServerClock } from './clock.ts';
import { type AcceptedBatch, Commits } from './commits.ts';
import type { Entry } from './entry.ts';
import { adviceOn, untimely } from './event-time.ts';
import type { Internals } from './internals.ts';
import type { Listeners } from './listeners.ts';
import type { Settings } from './options.ts';
import type { Pipeline } from './pipeline.ts';
import type { SealedBatch } from './sealed-batch.ts';
import type { Stats } from './stats.ts';

interface SettlementDeps {
  readonly settings: Settings;
  readonly internals: Internals;
  readonly serverClock: ServerClock;
  readonly listeners: Listeners;
  readonly pipeline: () => Pipeline;
  /** To be sent once more. */
  readonly resend: (sealed: SealedBatch) => void;
  /** Something has changed for those who wait. */
  readonly onSettled: () => void;
  readonly onFailure: (error: unknown) => void;
  readonly lastError: () => Stats['lastError'];
}

/** What becomes of batches once they are sent: accepted, put aside, stored, or not seen to be stored. */
export class Settlement {
  readonly counts = {
    ...{ accepted: 0, committed: 0, rejected: 0 },
    ...{ quarantined: 0, batches: 0, resent: 0 },
  };
  readonly commits: Commits;
  readonly #deps: SettlementDeps;
  readonly #isKept: boolean;

  constructor(deps: SettlementDeps) {
    const { settings, internals, onFailure } = deps;
    this.#deps = deps;
    this.#isKept = settings.spool?.keepUntil === 'committed';
    this.commits = new Commits({
      settings,
      internals,
      onFailure,
      onCommitted: (batch) => this.#committed(batch),
      onOverdue: (batch) => this.#overdue(batch),
      onLost: this.#isKept ? (batch) => this.#lost(batch) : undefined,
    });
  }

  accepted(sealed: SealedBatch, sequenceNumber: string): void {
    const { batch, entries, resent } = sealed;
    const { id, seq, producer, to } = batch;
    const acceptedAt = this.#now();
    const receipt = { batch: id, seq, producer, acceptedAt, sequenceNumber };
    const problem = this.#problemOf(sealed);
    if (resent === 0) {
      this.counts.batches += 1;
      this.counts.accepted += entries.length;
    }
    const awaited: Entry[] = [];
    for (const entry of entries) {
      if (problem !== undefined) entry.reject(problem);
      else if (entry.until === 'accepted') entry.resolve({ id: entry.event.id, ...receipt });
      else if (entry.until === 'committed') awaited.push(entry);
    }
    if (problem === undefined && (awaited.length > 0 || this.#isKept))
      this.commits.await({ id, to, entries: awaited, receipt, resent });
    this.#deps.pipeline().accepted(sealed);
    this.#deps.listeners.emit('accepted', { ...receipt, events: batch.count });
    if (problem !== undefined) this.#putAside(sealed, problem);
    this.#deps.onSettled();
  }

  /** It was taken, and will not be sent. */
  reject(entry: Entry, error: SealtrailError): void {
    this.counts.rejected += 1;
    entry.reject(error);
    this.#deps.onSettled();
  }

  /**
   * That the service puts the batch aside, for the time of its events: they were durable before that was
   * known, and no other event is with them.
   */
  #problemOf({ batch, to }: SealedBatch): SealtrailError | undefined {
    const { serverClock, pipeline } = this.#deps;
    const bounds = { now: serverClock.now(), synced: true, earliest: pipeline().earliest };
    const why = batch.count === 0 ? undefined : untimely(to, bounds);
    if (why === undefined) return undefined;
    const advice = adviceOn(why, to, bounds);
    const message = `time: ${advice}. The service puts it aside, in batch ${batch.id}`;
    return new SealtrailError('event-invalid', message);
  }

  #putAside({ batch }: SealedBatch, { code, message }: SealtrailError): void {
    this.counts.quarantined += batch.count;
    this.#deps.pipeline().committed(batch); // it never will be: the spool lets go of it
    const told = { batch: batch.id, events: batch.count, code, message };
    this.#deps.listeners.emit('quarantined', { at: this.#now(), ...told });
  }

  #committed({ entries, receipt }: AcceptedBatch): void {
    const committedAt = this.#now();
    this.counts.committed += entries.length;
    for (const entry of entries) entry.resolve({ id: entry.event.id, ...receipt, committedAt });
    this.#deps.pipeline().committed(receipt);
    this.#deps.onSettled();
  }

  #overdue({ id, entries }: AcceptedBatch): void {
    const { settings, listeners, lastError, onSettled } = this.#deps;
    const forMs = settings.committedTimeoutMs;
    const message = `batch ${id} was accepted, and not seen to be stored ${forMs} ms later; it may be yet, or GET /v1/quarantine has it`;
    for (const entry of entries)
      entry.reject(new SealtrailError('uncommitted', message, { fate: 'may-arrive' }));
    listeners.emit('stalled', {
      ...{ at: this.#now(), waitsFor: 'committed', forMs },
      ...{ events: entries.length, lastError: lastError() },
    });
    onSettled();
  }

  #lost({ receipt, resent }: AcceptedBatch): void {
    const sealed = this.#deps.pipeline().again(receipt);
    if (sealed !== undefined) {
      this.counts.resent += 1;
      this.#deps.resend({ ...sealed, resent: resent + 1 });
    }
    this.#deps.onSettled();
  }

  #now(): string {
    return toTime(this.#deps.serverClock.now());
  }
}
