import { toTime } from '../domain/encoding.ts';
import { SealtrailError } from '../domain/error.ts';
import { uuidSource } from '../domain/uuid.ts';
import { ServerClock } from './clock.ts';
import { type AcceptedBatch, Commits } from './commits.ts';
import { Credentials } from './credentials.ts';
import type { Entry, Receipt, Until } from './entry.ts';
import { EventBuffer } from './event-buffer.ts';
import type { Internals } from './internals.ts';
import type { Settings } from './options.ts';
import { type EventInput, prepareEvent } from './prepare-event.ts';
import { Producer } from './producer.ts';
import { requestSession } from './request-session.ts';
import type { SealedBatch } from './sealed-batch.ts';
import { Sender } from './sender.ts';
import { describeFailure, type Stats } from './stats.ts';
import { Waiters } from './waiters.ts';

/**
 * Records audit events: buffers, seals and sends them. One per process and client is enough. Made by
 * `createAuditClient`.
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
  readonly #buffer: EventBuffer;
  readonly #producer: Producer;
  readonly #sender: Sender;
  readonly #commits: Commits;
  readonly #mint = uuidSource();
  readonly #waiters = new Waiters();
  readonly #counts = { recorded: 0, accepted: 0, committed: 0, batches: 0 };
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
      onSession: (session) => {
        this.#producer.begin(session);
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
      seal: () => this.#producer.seal(),
      onAccepted: (sealed, sequenceNumber) => this.#accepted(sealed, sequenceNumber),
      onFailure,
    });
    this.#buffer = new EventBuffer(settings, clock, () => this.#sender.wake());
    this.#producer = new Producer(this.#serverClock, this.#mint, this.#buffer);
    const onCommitted = (batch: AcceptedBatch) => this.#committed(batch);
    this.#commits = new Commits(settings, internals, onCommitted, onFailure);
  }

  /**
   * Records an event. Resolves once it is `accepted` by the stream, or `committed` to the store; until
   * then it is tried for as long as it takes. Never throws, and a rejection that nobody awaits does no
   * harm: `event-invalid` (the message names the member and what to do), `buffer-full`, `closed`.
   */
  record(event: EventInput, options?: { readonly until?: Until }): Promise<Receipt> {
    return quiet(
      new Promise((resolve, reject) => {
        const until = options?.until ?? 'accepted';
        if (this.#closing !== undefined) throw closed('the client is closed; make another');
        if (until !== 'accepted' && until !== 'committed')
          throw new SealtrailError('request-invalid', 'until: give "accepted" or "committed"');
        const prepared = prepareEvent(event, {
          mint: this.#mint,
          now: this.#serverClock.now(),
          synced: this.#serverClock.synced,
          earliest: this.#producer.earliest,
        });
        const number = this.#counts.recorded;
        if (!this.#buffer.add({ number, until, resolve, reject, event: prepared }))
          throw new SealtrailError(
            'buffer-full',
            'the buffer is full; try later, or wait with onFull',
          );
        this.#counts.recorded += 1;
        this.#keepAlive();
        if (number === 0) this.#credentials.current(); // asks for the first grant
      }),
    );
  }

  /** Seals what is buffered now; resolves once all that was recorded before it is accepted. */
  flush(): Promise<void> {
    const last = this.#counts.recorded - 1;
    this.#buffer.flush(last);
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
      pending: this.#buffer.pending,
      ...this.#sender.counts,
      ...(lastError === undefined ? {} : { lastError }),
    };
  }

  async #close(): Promise<void> {
    const { clock } = this.#internals;
    const cancel = clock.after(this.#settings.closeTimeoutMs, () => this.#expire());
    try {
      await this.flush();
      const fin = this.#producer.fin();
      if (fin !== undefined) this.#sender.add(fin);
      await this.#waiters.until(() => this.#sender.isIdle && this.#commits.isIdle);
    } finally {
      cancel();
      this.#isOver = true;
      this.#credentials.stop();
      this.#sender.stop();
      this.#commits.stop();
      this.#internals.disconnect();
      this.#keepAlive();
    }
  }

  /** Close's deadline has passed. */
  #expire(): void {
    const unsent = [
      ...this.#sender.stop().flatMap(({ entries }) => entries),
      ...this.#buffer.drain(),
    ];
    const unseen = this.#commits.stop().flatMap(({ entries }) => entries);
    const within = `within ${this.#settings.closeTimeoutMs} ms of close`;
    for (const entry of unsent) entry.reject(closed(`the event was not accepted ${within}`));
    for (const entry of unseen)
      entry.reject(closed(`the event is accepted, but was not seen to be stored ${within}`));
    const left = `${unsent.length} events not accepted, ${unseen.length} not seen to be stored`;
    const error = new SealtrailError(
      'unavailable',
      `${left} ${within}: ${this.#lastError?.message}`,
    );
    this.#waiters.reject(error);
  }

  #accepted({ batch, entries, bytes }: SealedBatch, sequenceNumber: string): void {
    const { id, seq, producer } = batch;
    const acceptedAt = toTime(this.#serverClock.now());
    const receipt = { batch: id, seq, producer, acceptedAt, sequenceNumber };
    this.#counts.batches += 1;
    this.#counts.accepted += entries.length;
    const awaited: Entry[] = [];
    for (const entry of entries) {
      if (entry.until === 'accepted') entry.resolve({ id: entry.event.id, ...receipt });
      else awaited.push(entry);
    }
    if (awaited.length > 0) this.#commits.await({ id, to: batch.to, entries: awaited, receipt });
    this.#buffer.release(entries.length, bytes);
    this.#settle();
  }

  #committed({ entries, receipt }: AcceptedBatch): void {
    const committedAt = toTime(this.#serverClock.now());
    this.#counts.committed += entries.length;
    for (const entry of entries) entry.resolve({ id: entry.event.id, ...receipt, committedAt });
    this.#settle();
  }

  /** The number of the oldest event that is not accepted. */
  #oldest(): number | undefined {
    return this.#sender.oldest ?? this.#buffer.oldest;
  }

  /** Something was accepted or stored. */
  #settle(): void {
    this.#waiters.settle();
    this.#keepAlive();
  }

  #keepAlive(): void {
    const isClosing = this.#closing !== undefined && !this.#isOver;
    const isBusy = !this.#buffer.isEmpty || !this.#commits.isIdle || isClosing;
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
