import type { PutRecordsRequestEntry } from '@aws-sdk/client-kinesis';
import { fullJitter } from './backoff.ts';
import { classifyFailure, type Failure } from './classify-failure.ts';
import type { Clock, ServerClock } from './clock.ts';
import type { Credentials } from './credentials.ts';
import { Outbox } from './outbox.ts';
import { type PutResult, putRecords } from './put-records.ts';
import { partitionKeyOf, recordUnder, type SealedBatch } from './sealed-batch.ts';
import type { Session } from './session.ts';
import { isThrottle, Window } from './window.ts';

/** Timers are not trusted further than this: the machine's clock may be set. */
const longestSleepMs = 60_000;

const passing = { baseMs: 50, capMs: 10_000 };
const stalling = { baseMs: 5000, capMs: 60_000 };

export interface SendCounts {
  /** Bytes of all records put, retries too. */
  readonly wireBytes: number;
  /** Records that were put again. */
  readonly retries: number;
  /** Batches signed again under a newer grant. */
  readonly resigned: number;
  /** Requests refused for a reason that does not pass by itself. */
  readonly stalled: number;
}

interface SenderDeps {
  readonly clock: Clock;
  readonly serverClock: ServerClock;
  readonly random: () => number;
  readonly inFlight: number;
  readonly credentials: Credentials;
  /** Seals the next draft; none if there is none. */
  readonly seal: () => SealedBatch[];
  /** The stream has taken something under this session's grant. */
  readonly onSent: (session: Session) => void;
  readonly onAccepted: (sealed: SealedBatch, sequenceNumber: string) => void;
  /** So many batches will be put again. */
  readonly onRetry: (batches: number, error: unknown) => void;
}

/**
 * Brings batches onto the stream: several in a request, several requests at a time, in any order (the
 * chain has it). Only what failed is sent again, for as long as it takes.
 */
export class Sender {
  readonly #counts = { wireBytes: 0, retries: 0, stalled: 0 };
  readonly #deps: SenderDeps;
  /** One for each request in flight. */
  readonly #aborts = new Set<AbortController>();
  readonly #outbox: Outbox;
  readonly #window: Window;
  /** After a request that failed as a whole, the next would fail too. Machine's clock, epoch ms. */
  #pausedUntil = 0;
  /** New credentials were asked for because these were denied. */
  #deniedSession: Session | undefined;
  #isAwake = false;
  #isStopped = false;
  #cancelTimer = () => {};

  constructor(deps: SenderDeps) {
    this.#deps = deps;
    this.#window = new Window(deps.inFlight);
    const { serverClock, seal } = deps;
    this.#outbox = new Outbox({ serverClock, seal, longestWaitMs: stalling.capMs });
  }

  get counts(): SendCounts {
    return { ...this.#counts, resigned: this.#outbox.resigned };
  }

  /** How many requests may be in flight now, as throttling allows. */
  get window(): number {
    return this.#window.size;
  }

  get isIdle(): boolean {
    return this.#outbox.isEmpty;
  }

  /** The number of the oldest event that is sealed and not accepted. */
  get oldest(): number | undefined {
    return this.#outbox.oldest;
  }

  add(sealed: SealedBatch): void {
    this.#outbox.add(sealed);
    this.wake();
  }

  /** There may be something to send: looks, once what runs now is done. */
  wake(): void {
    if (this.#isAwake || this.#isStopped) return;
    this.#isAwake = true;
    setImmediate(() => {
      this.#isAwake = false;
      if (!this.#isStopped) this.#turn();
    });
  }

  /** Gives up. Answers what was not accepted. */
  stop(): SealedBatch[] {
    this.#isStopped = true;
    this.#cancelTimer();
    for (const abort of this.#aborts) abort.abort(new Error('the client was closed'));
    return this.#outbox.outstanding;
  }

  /** One request a turn, so that sealing never holds up the process for long. */
  #turn(): void {
    if (this.#aborts.size >= this.#window.size) return; // the next answer wakes
    const now = this.#deps.clock.now();
    // The machine's clock may have been set back: nothing waits longer than the longest back-off.
    this.#pausedUntil = Math.min(this.#pausedUntil, now + stalling.capMs);
    const isPaused = now < this.#pausedUntil;
    const session = isPaused ? undefined : this.#deps.credentials.current();
    const request = session === undefined ? [] : this.#outbox.collect(session, now);
    if (isPaused) this.#sleep(this.#pausedUntil - now);
    else if (session === undefined)
      this.#cancelTimer(); // the new session wakes
    else if (request.length === 0) this.#sleepTillDue(now);
    else {
      void this.#send(session, request);
      this.wake();
    }
  }

  #sleepTillDue(now: number): void {
    const due = this.#outbox.nextDue(now);
    if (due !== undefined) this.#sleep(due - now);
  }

  #sleep(ms: number): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#deps.clock.after(Math.min(ms, longestSleepMs), () => this.wake());
  }

  async #send(session: Session, request: readonly SealedBatch[]): Promise<void> {
    const abort = new AbortController();
    this.#aborts.add(abort);
    const number = this.#window.send();
    const records = request.map((sealed) => this.#entryOf(session, sealed));
    try {
      const results = await putRecords(session, records, abort, this.#deps.clock);
      if (!this.#isStopped) this.#answered(number, session, request, results);
    } catch (error) {
      if (!this.#isStopped) this.#failed(number, session, request, error);
    } finally {
      this.#aborts.delete(abort);
      this.wake();
    }
  }

  #entryOf(session: Session, sealed: SealedBatch): PutRecordsRequestEntry {
    const record = recordUnder(session, sealed);
    this.#counts.wireBytes += record.length;
    if (sealed.attempts > 0) this.#counts.retries += 1;
    return { Data: record, PartitionKey: partitionKeyOf(sealed) };
  }

  #answered(
    number: number,
    session: Session,
    request: readonly SealedBatch[],
    results: readonly PutResult[],
  ): void {
    const now = this.#deps.clock.now();
    const failures: PutResult[] = [];
    request.forEach((sealed, i) => {
      const result = results[i];
      if (result?.SequenceNumber !== undefined && result.ErrorCode === undefined) {
        this.#deniedSession = undefined;
        this.#outbox.accepted(sealed);
        this.#deps.onAccepted(sealed, result.SequenceNumber);
      } else {
        this.#outbox.again(sealed, now + fullJitter(passing, sealed.attempts, this.#deps.random));
        failures.push(result ?? {});
        if (isThrottle(result?.ErrorCode)) sealed.throttles = (sealed.throttles ?? 0) + 1;
      }
    });
    if (failures.length < request.length) this.#deps.onSent(session);
    const [first] = failures;
    if (first === undefined) {
      this.#window.taken();
      return;
    }
    if (failures.some(({ ErrorCode }) => isThrottle(ErrorCode))) this.#window.throttled(number);
    const name = first.ErrorCode ?? 'NoResult';
    this.#deps.onRetry(
      failures.length,
      Object.assign(new Error('a record was not taken'), { name }),
    );
  }

  #failed(number: number, session: Session, request: readonly SealedBatch[], error: unknown): void {
    if (isThrottle((error as Error).name)) this.#window.throttled(number);
    const failure = this.#remedy(session, classifyFailure(error));
    if (failure === 'refused') this.#counts.stalled += 1;
    const attempts = request.reduce((most, sealed) => Math.max(most, sealed.attempts), 0);
    const pace = failure === 'refused' ? stalling : passing;
    const until = this.#deps.clock.now() + fullJitter(pace, attempts, this.#deps.random);
    this.#pausedUntil = Math.max(this.#pausedUntil, until);
    for (const sealed of request) this.#outbox.again(sealed, until);
    this.#deps.onRetry(request.length, error);
  }

  /** What is renewed needs only a retry; a denial of credentials that were got for a denial will last. */
  #remedy(session: Session, failure: Failure): 'retry' | 'refused' {
    if (failure === 'retry' || failure === 'refused') return failure;
    if (!this.#deps.credentials.isNewest(session)) return 'retry';
    if (failure === 'denied') {
      this.#deniedSession ??= session;
      if (this.#deniedSession !== session) return 'refused';
    }
    this.#deps.credentials.renew(session);
    return 'retry';
  }
}
