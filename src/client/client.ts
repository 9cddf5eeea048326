import { toTime } from '../domain/encoding.ts';
import { SealtrailError } from '../domain/error.ts';
import { uuidSource } from '../domain/uuid.ts';
import { tooLate } from './bounded.ts';
import { ServerClock } from './clock.ts';
import { Credentials } from './credentials.ts';
import type { Acknowledgement, Entry, Level, RecordOptions, Until } from './entry.ts';
import { closed, giveUp } from './give-up.ts';
import { type GrantEnd, GrantWatch } from './grant-watch.ts';
import { Hold } from './hold.ts';
import type { Internals } from './internals.ts';
import { type AuditEvents, type AuditListener, Listeners } from './listeners.ts';
import { bufferFull, makeEntry } from './make-entry.ts';
import { makePipeline } from './make-pipeline.ts';
import type { Settings } from './options.ts';
import type { Pipeline } from './pipeline.ts';
import type { EventInput } from './prepare-event.ts';
import { quiet } from './quiet.ts';
import { requestSession } from './request-session.ts';
import { Sender } from './sender.ts';
import type { Session } from './session.ts';
import { Settlement } from './settlement.ts';
import { StallWatch } from './stall-watch.ts';
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
  readonly #grantWatch: GrantWatch;
  readonly #settlement: Settlement;
  readonly #listeners = new Listeners();
  readonly #stallWatch: StallWatch;
  readonly #mint = uuidSource();
  readonly #waiters = new Waiters();
  readonly #hold: Hold;
  #recorded = 0;
  #refused = 0;
  #lastError: Stats['lastError'];
  #closing: Promise<void> | undefined;
  #isOver = false;
  /** Why nothing can go on. */
  #broken: SealtrailError | undefined;
  /** Durable events that cannot be read any more. */
  #damage = { events: 0, error: undefined as SealtrailError | undefined };

  constructor(settings: Settings, internals: Internals) {
    const { clock, random } = internals;
    const onFailure = (error: unknown) => {
      this.#lastError = describeFailure(error, this.#serverClock.now());
    };
    this.#settings = settings;
    this.#internals = internals;
    this.#serverClock = new ServerClock(clock, () => this.#credentials.refresh());
    this.#credentials = new Credentials({
      request: async () => {
        await this.#pipeline.whenOpen();
        return requestSession(settings, internals, this.#serverClock);
      },
      ...{ clock, random, serverClock: this.#serverClock },
      owner: () => this.#pipeline.owner,
      onSession: (session) => {
        this.#pipeline.begin(session);
        this.#settle(); // it may have rejected events
        this.#sender.wake();
      },
      onFailure,
    });
    this.#grantWatch = new GrantWatch({
      ...{ settings, internals },
      onEnded: (session, end) => {
        onFailure(grantEnded(session, end));
        const at = toTime(this.#serverClock.now());
        this.#listeners.emit('grant-ended', { at, grant: session.grantId, ...end });
        this.#credentials.drop(session);
      },
    });
    this.#sender = new Sender({
      ...{ clock, random, serverClock: this.#serverClock },
      ...{ inFlight: settings.inFlight, credentials: this.#credentials },
      seal: () => this.#pipeline.seal(),
      onSent: (session) => this.#grantWatch.sent(session),
      onAccepted: (sealed, sequenceNumber) => {
        this.#stallWatch.progress();
        this.#settlement.accepted(sealed, sequenceNumber);
      },
      onRetry: (batches, error) => {
        onFailure(error);
        const failure = describeFailure(error, this.#serverClock.now());
        this.#listeners.emit('retry', { batches, ...failure });
      },
    });
    this.#settlement = new Settlement({
      ...{ settings, internals, onFailure, serverClock: this.#serverClock },
      listeners: this.#listeners,
      pipeline: () => this.#pipeline,
      resend: (sealed) => this.#sender.add(sealed),
      onSettled: () => this.#settle(),
      lastError: () => this.#lastError,
    });
    this.#hold = new Hold(clock);
    this.#stallWatch = new StallWatch(clock, (forMs) => this.#stalled(forMs));
    this.#pipeline = makePipeline(settings, internals, {
      ...{ clock, serverClock: this.#serverClock, mint: this.#mint },
      onBatch: () => this.#sender.wake(),
      reject: (entry, error) => this.#settlement.reject(entry, error),
      onFailure,
      onDamage: (error, events) => this.#damaged(error, events),
      onLost: (error) => this.#break(error),
      onSettled: () => setImmediate(() => this.#settle()),
    });
    this.#keepAlive(); // a spool may hold something
  }

  /**
   * Records an event. Resolves once it is `accepted` by the stream, `durable` in the spool, or `committed`
   * to the store. Never throws, and a rejection that nobody awaits does no harm: `event-invalid` (the
   * message says what to do), `buffer-full`, `closed`, `spool-failed` if the disk does not take it,
   * `uncommitted` if it is accepted and not seen to be stored within `committedTimeoutMs`, and with
   * `failClosed` `unavailable`. The error's `fate` tells what becomes of an event that was taken.
   *
   * @example
   * await audit.record(event, { until: 'accepted', failClosed: true, timeoutMs: 2000 });
   * await deleteTheAccount(); // not without its record
   */
  record<U extends Until = 'accepted'>(
    event: EventInput,
    options?: RecordOptions<U>,
  ): Promise<Acknowledgement<U>>;
  record(event: EventInput, options?: RecordOptions): Promise<Acknowledgement> {
    return quiet(
      new Promise((resolve, reject) => {
        if (this.#broken !== undefined) throw this.#broken;
        if (this.#credentials.refusal !== undefined) throw this.#credentials.refusal;
        if (this.#closing !== undefined) throw closed('the client is closed; make another');
        const entry = makeEntry(event, options, {
          ...{ resolve, reject, number: this.#pipeline.nextNumber, mint: this.#mint },
          ...{ clock: this.#internals.clock, serverClock: this.#serverClock },
          earliest: this.#pipeline.earliest,
          hasSpool: this.#settings.spool !== undefined,
          onLate: (late, level) => this.#late(late, level),
        });
        if (!this.#pipeline.add(entry)) {
          this.#refused += 1;
          return entry.reject(bufferFull());
        }
        this.#recorded += 1;
        this.#keepAlive();
        if (this.#recorded === 1) this.#credentials.current(); // asks for the first grant
      }),
    );
  }

  /**
   * Calls `listener` at each `accepted` batch, each `retry`, when it has `stalled`, when events are
   * `quarantined`, and when the grant has ended before its time (`grant-ended`). Answers a function that ends it. What a listener throws harms nobody.
   *
   * @example
   * const off = audit.on('stalled', ({ waitsFor, forMs, lastError }) => alarm(waitsFor, forMs, lastError));
   */
  on<N extends keyof AuditEvents>(name: N, listener: AuditListener<N>): () => void {
    return this.#listeners.on(name, listener);
  }

  /**
   * Seals what is buffered now; resolves once all that was recorded before it is accepted. Rejects with
   * `spool-locked` if the spool was taken from this client, and with `spool-failed`, once the rest is accepted, if
   * durable events turn out to be unreadable.
   */
  flush(): Promise<void> {
    return quiet(this.#flush());
  }

  /**
   * Flushes, ends the producer's chain, and stops; later `record`s reject with `closed`. Rejects with
   * `unavailable` if that takes longer than `closeTimeoutMs`: what was not accepted then rejects with
   * `closed`.
   */
  close(): Promise<void> {
    if (this.#closing === undefined) {
      this.#closing = quiet(this.#close());
      this.#keepAlive(); // for the end of the chain, where nothing else waits
    }
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  stats(): Stats {
    const lastError = this.#lastError;
    const { spool } = this.#pipeline;
    return {
      recorded: this.#recorded,
      refused: this.#refused,
      ...this.#settlement.counts,
      pending: this.#pipeline.pending,
      ...this.#sender.counts,
      window: this.#sender.window,
      ...(spool === undefined ? {} : { spool }),
      ...(lastError === undefined ? {} : { lastError }),
    };
  }

  async #flush(): Promise<void> {
    const { events } = this.#damage;
    await this.#drained();
    if (this.#damage.events > events) throw this.#damage.error;
  }

  /** Resolves once all that was recorded is accepted, or lost. */
  async #drained(): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    const last = this.#pipeline.nextNumber - 1;
    this.#pipeline.flush(last);
    await this.#waiters.until(() => {
      const oldest = this.#oldest() ?? Number.POSITIVE_INFINITY;
      return oldest > Math.max(last, this.#pipeline.loggedAgain);
    });
  }

  async #close(): Promise<void> {
    const { clock } = this.#internals;
    const cancel = clock.after(this.#settings.closeTimeoutMs, () => this.#expire());
    const { events } = this.#damage;
    try {
      await this.#drained();
      this.#pipeline.end();
      await this.#waiters.until(
        () => this.#pipeline.isIdle && this.#sender.isIdle && this.#settlement.commits.isIdle,
      );
    } finally {
      cancel();
      this.#isOver = true;
      this.#credentials.stop();
      this.#grantWatch.stop();
      this.#sender.stop();
      this.#settlement.commits.stop();
      this.#stallWatch.watch(false);
      this.#internals.disconnect();
      await this.#pipeline.close();
      this.#keepAlive();
    }
    if (this.#damage.events > events) throw this.#damage.error;
  }

  /** Close's deadline has passed. */
  #expire(): void {
    const sent = this.#sender.stop().flatMap(({ entries }) => entries);
    const { spool, closeTimeoutMs } = this.#settings;
    const error = giveUp({
      sent,
      unsent: this.#pipeline.drain(),
      unseen: this.#settlement.commits.stop().flatMap(({ entries }) => entries),
      isKept: spool !== undefined,
      closeTimeoutMs,
      reason: this.#lastError?.message,
    });
    this.#waiters.reject(error);
  }

  /** What can be read goes on. Told once whoever made the client can listen. */
  #damaged(error: SealtrailError, events: number): void {
    this.#lastError = describeFailure(error, this.#serverClock.now());
    if (events > 0) this.#damage = { events: this.#damage.events + events, error };
    const { message } = error;
    const told = { at: toTime(this.#serverClock.now()), events, message };
    queueMicrotask(() => this.#listeners.emit('damaged', told));
  }

  /** Another has the spool, and goes on with what is in it: all that waits is told so, and nothing is sent. */
  #break(error: SealtrailError): void {
    if (this.#broken !== undefined || this.#isOver) return;
    this.#broken = error;
    this.#lastError = describeFailure(error, this.#serverClock.now());
    const sent = this.#sender.stop().flatMap(({ entries }) => entries);
    this.#credentials.stop();
    const { code, message } = error;
    for (const entry of [...sent, ...this.#pipeline.drain()])
      entry.reject(new SealtrailError(code, message, { fate: 'may-arrive' }));
    this.#waiters.reject(error);
    this.#keepAlive();
  }

  #late(entry: Entry, level: Level): void {
    const isWithdrawn = this.#pipeline.withdraw(entry);
    const error = tooLate(level, isWithdrawn, this.#lastError?.message);
    if (isWithdrawn) this.#settlement.reject(entry, error);
    else entry.reject(error);
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

  #stalled(forMs: number): void {
    this.#listeners.emit('stalled', {
      ...{ at: toTime(this.#serverClock.now()), waitsFor: 'accepted', forMs },
      ...{ events: this.#pipeline.pending.events, lastError: this.#lastError },
    });
  }

  #keepAlive(): void {
    this.#stallWatch.watch(!this.#pipeline.isEmpty && !this.#isOver);
    const isClosing = this.#closing !== undefined && !this.#isOver;
    this.#hold.keep(!this.#pipeline.isEmpty || this.#settlement.commits.isHopeful || isClosing);
  }
}

function grantEnded({ grantId }: Session, { state, since }: GrantEnd): SealtrailError {
  const what =
    state === 'stopped'
      ? 'was stopped, as far over its quota: what arrived since is set aside until an operator brings it back'
      : 'was revoked: what arrived since is set aside';
  const code = state === 'stopped' ? 'grant-stopped' : 'grant-revoked';
  return new SealtrailError(code, `grant ${grantId} ${what} (${since ?? 'no time is told'})`);
}
