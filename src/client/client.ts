import { toTime } from '../domain/encoding.ts';
import { SealtrailError } from '../domain/error.ts';
import { uuidSource } from '../domain/uuid.ts';
import { ServerClock } from './clock.ts';
import { type AcceptedBatch, Commits } from './commits.ts';
import { Credentials } from './credentials.ts';
import type { RecordOptions } from './entry.ts';
import { type Acknowledgement, checkUntil, type Entry, type Until } from './entry.ts';
import { adviceOn, untimely } from './event-time.ts';
import type { Internals } from './internals.ts';
import { makePipeline } from './make-pipeline.ts';
import type { Settings } from './options.ts';
import type { Pipeline } from './pipeline.ts';
import { type EventInput, prepareEvent } from './prepare-event.ts';
import { requestSession } from './request-session.ts';
import type { SealedBatch } from './sealed-batch.ts';
import { Sender } from './sender.ts';
import { describeFailure, type Stats } from './stats.ts';
import { Waiters } from './waiters.ts';

/**
 * Records audit events: buffers, seals and sends them. One per process is enough: `createAuditClient`.
 *
 * While anything is unaccepted, or somebody waits for `committed` or `close`, the client keeps the
 * process alive: a script that ends right after `record` must not lose what it recorded. An idle client
 * never does.
 */
export class AuditClient {
  readonly #settings: Settings;
  readonly #internals: Internals;
  readonly #serverClock: ServerClock;
  readonly #credentials: Credentials;
  readonly #pipeline: Pipeline;
  readonly #sender: Sender;
  readonly #commits: Commits;
  readonly #mint = uuidSource();
  readonly #waiters = new Waiters();
  readonly #counts = {
    ...{ recorded: 0, accepted: 0, committed: 0 },
    ...{ rejected: 0, quarantined: 0, batches: 0 },
  };
  /** Of the next event. */
  #number: number;
  #lastError: Stats['lastError'];
  #closing: Promise<void> | undefined;
  #isOver = false;
  #release: (() => void) | undefined;

  constructor(settings: Settings, internals: Internals) {
    const { clock, random } = internals;
    const onFailure = (error: unknown) => {
      this.#lastError = describeFailure(error, this.#serverClock.now());
    };
    this.#settings = settings;
    this.#internals = internals;
    this.#serverClock = new ServerClock(clock);
    this.#credentials = new Credentials({
      request: () => requestSession(settings, internals, this.#serverClock),
      clock,
      serverClock: this.#serverClock,
      random,
      client: () => this.#pipeline.client,
      onSession: (session) => {
        this.#pipeline.begin(session);
        this.#settle(); // it may have rejected events
        this.#sender.wake();
      },
      onFailure,
    });
    this.#sender = new Sender({
      clock,
      serverClock: this.#serverClock,
      random,
      inFlight: settings.inFlight,
      credentials: this.#credentials,
      seal: () => this.#pipeline.seal(),
      onAccepted: (sealed, sequenceNumber) => this.#accepted(sealed, sequenceNumber),
      onFailure,
    });
    this.#pipeline = makePipeline(settings, internals, {
      clock,
      serverClock: this.#serverClock,
      mint: this.#mint,
      onBatch: () => this.#sender.wake(),
      reject: (entry, error) => this.#reject(entry, error),
      onFailure,
    });
    this.#number = this.#pipeline.nextNumber;
    const onCommitted = (batch: AcceptedBatch) => this.#committed(batch);
    this.#commits = new Commits(settings, internals, onCommitted, onFailure);
    this.#keepAlive(); // a spool may hold something
  }

  /**
   * Records an event. Resolves once it is `accepted` by the stream, `durable` in the spool, or `committed`
   * to the store. Never throws, and a rejection that nobody awaits does no harm: `event-invalid` (the
   * message says what to do), `buffer-full`, `closed`, or `spool-failed` if the disk does not take it.
   */
  record<U extends Until = 'accepted'>(
    event: EventInput,
    options?: RecordOptions<U>,
  ): Promise<Acknowledgement<U>>;
  record(event: EventInput, options?: RecordOptions): Promise<Acknowledgement> {
    return quiet(
      new Promise((resolve, reject) => {
        const until = options?.until ?? 'accepted';
        if (this.#closing !== undefined) throw closed('the client is closed; make another');
        checkUntil(until, this.#settings.spool !== undefined);
        const prepared = prepareEvent(event, {
          mint: this.#mint,
          now: this.#serverClock.now(),
          synced: this.#serverClock.synced,
          earliest: this.#pipeline.earliest,
        });
        const entry = { number: this.#number, until, resolve, reject, event: prepared };
        if (!this.#pipeline.add(entry))
          throw new SealtrailError('buffer-full', 'it is full; try later, or wait with onFull');
        this.#number += 1;
        this.#counts.recorded += 1;
        this.#keepAlive();
        if (this.#counts.recorded === 1) this.#credentials.current(); // asks for the first grant
      }),
    );
  }

  /** Seals what is buffered now; resolves once all that was recorded before it is accepted. */
  flush(): Promise<void> {
    const last = this.#number - 1;
    this.#pipeline.flush(last);
    return quiet(this.#waiters.until(() => (this.#oldest() ?? Number.POSITIVE_INFINITY) > last));
  }

  /**
   * Flushes, ends the producer's chain, and stops; later `record`s reject with `closed`. Rejects with
   * `unavailable` if that takes longer than `closeTimeoutMs`: what was not accepted then rejects with
   * `closed`.
   */
  close(): Promise<void> {
    this.#closing ??= quiet(this.#close());
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  stats(): Stats {
    const lastError = this.#lastError;
    return {
      ...this.#counts,
      pending: this.#pipeline.pending,
      ...this.#sender.counts,
      ...(lastError === undefined ? {} : { lastError }),
    };
  }

  async #close(): Promise<void> {
    const { clock } = this.#internals;
    const cancel = clock.after(this.#settings.closeTimeoutMs, () => this.#expire());
    try {
      await this.flush();
      this.#pipeline.end();
      await this.#waiters.until(
        () => this.#pipeline.isIdle && this.#sender.isIdle && this.#commits.isIdle,
      );
    } finally {
      cancel();
      this.#isOver = true;
      this.#credentials.stop();
      this.#sender.stop();
      this.#commits.stop();
      this.#internals.disconnect();
      await this.#pipeline.close();
      this.#keepAlive();
    }
  }

  /** Close's deadline has passed. */
  #expire(): void {
    const unsent = [
      ...this.#sender.stop().flatMap(({ entries }) => entries),
      ...this.#pipeline.drain(),
    ];
    const unseen = this.#commits.stop().flatMap(({ entries }) => entries);
    const within = `within ${this.#settings.closeTimeoutMs} ms of close`;
    for (const entry of unsent) entry.reject(closed(`the event was not accepted ${within}`));
    for (const entry of unseen)
      entry.reject(closed(`the event is accepted, but was not seen to be stored ${within}`));
    const kept = this.#settings.spool === undefined ? '' : ' (the spool keeps what was durable)';
    const left = `${unsent.length} events not accepted, ${unseen.length} not seen to be stored${kept}`;
    const error = new SealtrailError(
      'unavailable',
      `${left} ${within}: ${this.#lastError?.message}`,
    );
    this.#waiters.reject(error);
  }

  #accepted(sealed: SealedBatch, sequenceNumber: string): void {
    const { batch, entries } = sealed;
    const { id, seq, producer } = batch;
    const acceptedAt = toTime(this.#serverClock.now());
    const receipt = { batch: id, seq, producer, acceptedAt, sequenceNumber };
    this.#counts.batches += 1;
    this.#counts.accepted += entries.length;
    const problem = this.#problemOf(sealed);
    if (problem !== undefined) this.#counts.quarantined += entries.length;
    const awaited: Entry[] = [];
    for (const entry of entries) {
      if (problem !== undefined) entry.reject(problem);
      else if (entry.until === 'accepted') entry.resolve({ id: entry.event.id, ...receipt });
      else if (entry.until === 'committed') awaited.push(entry);
    }
    const isKept = this.#settings.spool?.keepUntil === 'committed';
    if (problem === undefined && (awaited.length > 0 || isKept))
      this.#commits.await({ id, to: batch.to, entries: awaited, receipt });
    this.#pipeline.accepted(sealed);
    if (problem !== undefined) this.#pipeline.committed(receipt); // it never will be
    this.#settle();
  }

  /** That the service puts the batch aside, for its time; then no other event is in it. */
  #problemOf({ batch, entries, to }: SealedBatch): SealtrailError | undefined {
    if (entries.length === 0) return undefined;
    const bounds = {
      ...{ now: this.#serverClock.now(), synced: true },
      earliest: this.#pipeline.earliest,
    };
    const why = untimely(to, bounds);
    if (why === undefined) return undefined;
    const advice = adviceOn(why, to, bounds);
    const message = `time: ${advice}. It was durable before that was known: the service puts it aside`;
    return new SealtrailError('event-invalid', `${message}, in batch ${batch.id}`);
  }

  /** It was taken, and will not be sent. */
  #reject(entry: Entry, error: SealtrailError): void {
    this.#counts.rejected += 1;
    entry.reject(error);
    this.#settle();
  }

  #committed({ entries, receipt }: AcceptedBatch): void {
    const committedAt = toTime(this.#serverClock.now());
    this.#counts.committed += entries.length;
    for (const entry of entries) entry.resolve({ id: entry.event.id, ...receipt, committedAt });
    this.#pipeline.committed(receipt);
    this.#settle();
  }

  /** The number of the oldest event that is not accepted. */
  #oldest(): number | undefined {
    return this.#sender.oldest ?? this.#pipeline.oldest;
  }

  /** Something was accepted or stored. */
  #settle(): void {
    this.#waiters.settle();
    this.#keepAlive();
  }

  #keepAlive(): void {
    const isClosing = this.#closing !== undefined && !this.#isOver;
    const isBusy = !this.#pipeline.isEmpty || !this.#commits.isIdle || isClosing;
    if (isBusy) this.#release ??= this.#internals.clock.hold();
    else {
      this.#release?.();
      this.#release = undefined;
    }
  }
}

function closed(message: string): SealtrailError {
  return new SealtrailError('closed', message);
}

/** A rejection that nobody awaits must not end the process. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
