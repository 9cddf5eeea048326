import type { PutRecordsRequestEntry } from '@aws-sdk/client-kinesis';
import { fullJitter } from './backoff.ts';
import { classifyFailure, type Failure } from './classify-failure.ts';
import type { Clock, ServerClock } from './clock.ts';
import type { Credentials } from './credentials.ts';
import { untimelyForever } from './event-time.ts';
import { type PutResult, putRecords } from './put-records.ts';
import { partitionKeyOf, recordUnder, type SealedBatch } from './sealed-batch.ts';
import type { Session } from './session.ts';
import { isThrottle, Window } from './window.ts';

/** Of one request: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html */
const maxRecords = 500;
const maxRequestBytes = 5 * 1024 * 1024;
/** Bytes sealed for one request before other work has its turn: some 15 ms. */
const sealBytesATurn = 2 * 1024 * 1024;
/** Sealed batches that wait for a retry; beyond it nothing more is sealed. */
const maxWaiting = 2000;
/** Timers are not trusted further than this: the machine's clock may be set. */
const longestSleepMs = 60_000;

const passing = { baseMs: 50, capMs: 10_000 };
const stalling = { baseMs: 5000, capMs: 60_000 };

export interface SendCounts {
  /** Bytes of all records put, retries too. */
  wireBytes: number;
  /** Records that were put again. */
  retries: number;
  /** Batches signed again under a newer grant. */
  resigned: number;
  /** Requests refused for a reason that does not pass by itself. */
  stalled: number;
}

interface SenderDeps {
  readonly clock: Clock;
  readonly serverClock: ServerClock;
  readonly random: () => number;
  readonly inFlight: number;
  readonly credentials: Credentials;
  /** Seals the next draft; none if there is none. */
  readonly seal: () => SealedBatch[];
  readonly onAccepted: (sealed: SealedBatch, sequenceNumber: string) => void;
  /** So many batches will be put again. */
  readonly onRetry: (batches: number, error: unknown) => void;
}

/**
 * Brings batches onto the stream: several in a request, several requests at a time, in any order (the
 * chain has it). Only what failed is sent again, for as long as it takes.
 */
export class Sender {
  readonly counts: SendCounts = { wireBytes: 0, retries: 0, resigned: 0, stalled: 0 };
  readonly #deps: SenderDeps;
  /** One for each request in flight. */
  readonly #aborts = new Set<AbortController>();
  /** Sealed and not accepted, in flight or waiting, in order of seq. */
  readonly #outstanding = new Set<SealedBatch>();
  readonly #window: Window;
  #waiting: SealedBatch[] = [];
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
  }

  /** How many requests may be in flight now, as throttling allows. */
  get window(): number {
    return this.#window.size;
  }

  get isIdle(): boolean {
    return this.#outstanding.size === 0;
  }

  /** The number of the oldest event that is sealed and not accepted. */
  get oldest(): number | undefined {
    for (const sealed of this.#outstanding) {
      const first = sealed.entries[0];
      if (first !== undefined) return first.number;
    }
    return undefined;
  }

  add(sealed: SealedBatch): void {
    this.#outstanding.add(sealed);
    this.#waiting.push(sealed);
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
    return [...this.#outstanding];
  }

  /** One request a turn, so that sealing never holds up the process for long. */
  #turn(): void {
    if (this.#aborts.size >= this.#window.size) return; // the next answer wakes
    const now = this.#deps.clock.now();
    // The machine's clock may have been set back: nothing waits longer than the longest back-off.
    this.#pausedUntil = Math.min(this.#pausedUntil, now + stalling.capMs);
    const isPaused = now < this.#pausedUntil;
    const session = isPaused ? undefined : this.#deps.credentials.current();
    const request = session === undefined ? [] : this.#collect(session, now);
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
    if (this.#waiting.length === 0) return;
    let due = Number.POSITIVE_INFINITY;
    for (const sealed of this.#waiting) due = Math.min(due, this.#dueAt(sealed, now));
    this.#sleep(due - now);
  }

  #sleep(ms: number): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#deps.clock.after(Math.min(ms, longestSleepMs), () => this.wake());
  }

  /**
   * When it may be sent: after its back-off, and when its `to` is not in the server's future. What is said to
   * have happened over a day from now is not waited for: it is sent to be put aside.
   */
  #dueAt(sealed: SealedBatch, now: number): number {
    sealed.notBefore = Math.min(sealed.notBefore, now + stalling.capMs);
    const { serverClock } = this.#deps;
    const ahead = sealed.to - serverClock.now();
    const isAbsurd =
      untimelyForever(sealed.to, { now: serverClock.now(), synced: true }) !== undefined;
    return Math.max(sealed.notBefore, isAbsurd ? now : now + ahead);
  }

  /** What goes into the next request, within its limits; the rest waits on. */
  #collect(session: Session, now: number): SealedBatch[] {
    const request: SealedBatch[] = [];
    const later: SealedBatch[] = [];
    let bytes = 0;
    for (const sealed of this.#candidates()) {
      const isDue = request.length < maxRecords && this.#dueAt(sealed, now) <= now;
      const size = isDue ? this.#sizeUnder(session, sealed) : maxRequestBytes;
      if (isDue && bytes + size <= maxRequestBytes) {
        request.push(sealed);
        bytes += size;
      } else later.push(sealed);
    }
    this.#waiting = later;
    return request;
  }

  /** What was tried before, then what is sealed now. */
  *#candidates(): Generator<SealedBatch> {
    yield* this.#waiting;
    let room = Math.min(maxRecords, maxWaiting - this.#waiting.length);
    for (let plain = 0; plain < sealBytesATurn && room > 0; ) {
      const next = this.#deps.seal();
      if (next.length === 0) return;
      for (const sealed of next) {
        this.#outstanding.add(sealed);
        plain += sealed.bytes;
        room -= 1;
      }
      yield* next;
    }
  }

  #sizeUnder(session: Session, sealed: SealedBatch): number {
    if (sealed.signed !== undefined && sealed.signed.grantId !== session.grantId)
      this.counts.resigned += 1;
    return recordUnder(session, sealed).length + partitionKeyOf(sealed).length;
  }

  async #send(session: Session, request: readonly SealedBatch[]): Promise<void> {
    const abort = new AbortController();
    this.#aborts.add(abort);
    const number = this.#window.send();
    const records = request.map((sealed) => this.#entryOf(session, sealed));
    try {
      const results = await putRecords(session, records, abort, this.#deps.clock);
      if (!this.#isStopped) this.#answered(number, request, results);
    } catch (error) {
      if (!this.#isStopped) this.#failed(number, session, request, error);
    } finally {
      this.#aborts.delete(abort);
      this.wake();
    }
  }

  #entryOf(session: Session, sealed: SealedBatch): PutRecordsRequestEntry {
    const record = recordUnder(session, sealed);
    this.counts.wireBytes += record.length;
    if (sealed.attempts > 0) this.counts.retries += 1;
    return { Data: record, PartitionKey: partitionKeyOf(sealed) };
  }

  #answered(number: number, request: readonly SealedBatch[], results: readonly PutResult[]): void {
    const now = this.#deps.clock.now();
    const failures: PutResult[] = [];
    request.forEach((sealed, i) => {
      const result = results[i];
      if (result?.SequenceNumber !== undefined && result.ErrorCode === undefined) {
        this.#deniedSession = undefined;
        this.#outstanding.delete(sealed);
        this.#deps.onAccepted(sealed, result.SequenceNumber);
      } else {
        this.#again(sealed, now + fullJitter(passing, sealed.attempts, this.#deps.random));
        failures.push(result ?? {});
        if (isThrottle(result?.ErrorCode)) sealed.throttles = (sealed.throttles ?? 0) + 1;
      }
    });
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
    if (failure === 'refused') this.counts.stalled += 1;
    const attempts = request.reduce((most, sealed) => Math.max(most, sealed.attempts), 0);
    const pace = failure === 'refused' ? stalling : passing;
    const until = this.#deps.clock.now() + fullJitter(pace, attempts, this.#deps.random);
    this.#pausedUntil = Math.max(this.#pausedUntil, until);
    for (const sealed of request) this.#again(sealed, until);
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

  #again(sealed: SealedBatch, notBefore: number): void {
    sealed.attempts += 1;
    sealed.notBefore = notBefore;
    this.#waiting.push(sealed);
  }
}
