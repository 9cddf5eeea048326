import type { ServerClock } from './clock.ts';
import { untimelyForever } from './event-time.ts';
import { partitionKeyOf, recordUnder, type SealedBatch } from './sealed-batch.ts';
import type { Session } from './session.ts';

/** Of one request: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html */
const maxRecords = 500;
const maxRequestBytes = 5 * 1024 * 1024;
/** Bytes sealed for one request before other work has its turn: some 15 ms. */
const sealBytesATurn = 2 * 1024 * 1024;
/** Sealed batches that wait for a retry; beyond it nothing more is sealed. */
const maxWaiting = 2000;

interface OutboxDeps {
  readonly serverClock: ServerClock;
  /** Seals the next draft; none if there is none. */
  readonly seal: () => SealedBatch[];
  /** No batch waits longer than this for its retry, ms. */
  readonly longestWaitMs: number;
}

/** The batches that are sealed and not accepted: which of them go into the next request, and when. */
export class Outbox {
  /** Batches signed again under a newer grant. */
  resigned = 0;
  readonly #deps: OutboxDeps;
  /** In flight or waiting, in order of seq. */
  readonly #outstanding = new Set<SealedBatch>();
  #waiting: SealedBatch[] = [];

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
  }

  get isEmpty(): boolean {
    return this.#outstanding.size === 0;
  }

  /** All of them. */
  get outstanding(): SealedBatch[] {
    return [...this.#outstanding];
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
  }

  accepted(sealed: SealedBatch): void {
    this.#outstanding.delete(sealed);
  }

  /** It was not taken; it goes out again, not before then (machine's clock, epoch ms). */
  again(sealed: SealedBatch, notBefore: number): void {
    sealed.attempts += 1;
    sealed.notBefore = notBefore;
    this.#waiting.push(sealed);
  }

  /** When the first that waits may be sent; none waits if undefined. */
  nextDue(now: number): number | undefined {
    if (this.#waiting.length === 0) return undefined;
    let due = Number.POSITIVE_INFINITY;
    for (const sealed of this.#waiting) due = Math.min(due, this.#dueAt(sealed, now));
    return due;
  }

  /** What goes into the next request, within its limits; the rest waits on. */
  collect(session: Session, now: number): SealedBatch[] {
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

  /**
   * When it may be sent: after its back-off, and when its `to` is not in the server's future. What is said to
   * have happened over a day from now is not waited for: it is sent to be put aside.
   */
  #dueAt(sealed: SealedBatch, now: number): number {
    const { serverClock, longestWaitMs } = this.#deps;
    sealed.notBefore = Math.min(sealed.notBefore, now + longestWaitMs);
    const ahead = sealed.to - serverClock.now();
    const isAbsurd =
      untimelyForever(sealed.to, { now: serverClock.now(), synced: true }) !== undefined;
    return Math.max(sealed.notBefore, isAbsurd ? now : now + ahead);
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
      this.resigned += 1;
    return recordUnder(session, sealed).length + partitionKeyOf(sealed).length;
  }
}
