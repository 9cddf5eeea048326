import { type ErrorCode, SealtrailError } from '../../domain/error.ts';
import type { Event } from '../../domain/event.ts';
import { uuidSource } from '../../domain/uuid.ts';
import { type Acknowledgement, checkOptions, type RecordOptions, type Until } from '../entry.ts';
import { type AuditEvents, type AuditListener, Listeners } from '../listeners.ts';
import { type EventInput, prepareEvent } from '../prepare-event.ts';
import type { Recorder } from '../recorder.ts';
import type { Stats } from '../stats.ts';

/**
 * Stands in for the client in an app's own tests: checks events exactly as the client does, and keeps
 * them in memory, stored at once. Give it to `inContext` in the client's place.
 *
 * @example
 * const memory = new MemoryAudit();
 * const audit = inContext(memory, events);
 * await refund('in_42');
 * expect(memory).toHaveRecorded({ action: 'invoice.refunded' });
 */
export class MemoryAudit implements Recorder {
  readonly #mint = uuidSource();
  readonly #producer = this.#mint(Date.now());
  readonly #events: Event[] = [];
  readonly #listeners = new Listeners();
  #recorded = 0;
  #refusal: ErrorCode | undefined;
  #isClosed = false;

  /** What was recorded, in order, as a reader of the log would get it. */
  get events(): readonly Event[] {
    return this.#events;
  }

  /** Forgets all events; those to come are taken again, if they were refused. */
  clear(): void {
    this.#events.length = 0;
    this.#refusal = undefined;
  }

  /**
   * From now on `record` rejects with this code (`buffer-full`, `unavailable` …), until `clear`: for
   * tests of what must not happen unlogged.
   */
  refuse(code: ErrorCode): void {
    this.#refusal = code;
  }

  /** As the client's: never throws, and a rejection that nobody awaits does no harm. */
  record<U extends Until = 'accepted'>(
    event: EventInput,
    options?: RecordOptions<U>,
  ): Promise<Acknowledgement<U>>;
  record(event: EventInput, options?: RecordOptions): Promise<Acknowledgement> {
    const recorded = this.#record(event, options);
    recorded.catch(() => {});
    return recorded;
  }

  /** Only `accepted` is ever told: nothing stalls in memory. */
  on<N extends keyof AuditEvents>(name: N, listener: AuditListener<N>): () => void {
    return this.#listeners.on(name, listener);
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  stats(): Stats {
    const count = this.#recorded;
    return {
      ...{ recorded: count, accepted: count, committed: count, batches: count },
      ...{ refused: 0, rejected: 0, quarantined: 0 },
      pending: { events: 0, bytes: 0 },
      ...{ resent: 0, window: 1 },
      ...{ wireBytes: 0, retries: 0, resigned: 0, stalled: 0 },
    };
  }

  /** A batch an event. */
  async #record(event: EventInput, options?: RecordOptions): Promise<Acknowledgement> {
    if (this.#isClosed) throw new SealtrailError('closed', 'the audit is closed; make another');
    const { until } = checkOptions(options, true);
    const context = { mint: this.#mint, now: Date.now(), synced: true };
    const { id, line } = prepareEvent(event, context);
    if (this.#refusal !== undefined)
      throw new SealtrailError(this.#refusal, 'refused, as the test asked for');
    const recorded: Event = JSON.parse(line.toString('utf8'));
    this.#events.push(recorded);
    const seq = this.#recorded;
    this.#recorded += 1;
    const at = new Date().toISOString();
    const receipt = { batch: `memory-${seq}`, seq, producer: this.#producer, acceptedAt: at };
    this.#listeners.emit('accepted', { ...receipt, events: 1, sequenceNumber: String(seq) });
    if (until === 'durable') return { id, durableAt: at };
    return { id, ...receipt, ...(until === 'committed' ? { committedAt: at } : {}) };
  }
}
