import { toTime } from '../../domain/encoding.ts';
import { SealtrailError } from '../../domain/error.ts';
import { type Entry, sizeOf } from '../entry.ts';
import { EventBuffer } from '../event-buffer.ts';
import type { Settings } from '../options.ts';
import type { Pipeline } from '../pipeline.ts';
import { Producer, type ProducerDeps } from '../producer.ts';
import { Queue } from '../queue.ts';
import type { SealedBatch } from '../sealed-batch.ts';
import type { Session } from '../session.ts';
import type { SpoolStats } from '../stats.ts';
import { Backlog } from './backlog.ts';
import { BatchLog } from './batch-log.ts';
import { countSyncs } from './count-syncs.ts';
import type { SpoolFiles } from './files.ts';
import { entryFrameSize } from './frame.ts';
import { SegmentLog } from './log.ts';
import { composeLogged, openSpool } from './open-spool.ts';
import { keyOf } from './recover.ts';

export interface SpooledDeps extends ProducerDeps {
  readonly files: SpoolFiles;
  /** There may be a batch to take. */
  readonly onBatch: () => void;
  /** The disk failed. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * The pipeline over a log on disk: an entry goes on only once it is durable there, and a batch once its
 * boundary is. So whatever is sent can be composed again after a crash, to the same batch id.
 */
export class SpooledPipeline implements Pipeline {
  readonly nextNumber: number;
  readonly #settings: Settings & { spool: NonNullable<Settings['spool']> };
  readonly #deps: SpooledDeps;
  readonly #log: SegmentLog;
  readonly #backlog: Backlog;
  readonly #buffer: EventBuffer;
  readonly #producer: Producer;
  readonly #batches: BatchLog;
  readonly #unlock: () => void;
  /** Wait for room on the disk. */
  readonly #waiting = new Queue<Entry>();
  /** Are being written. */
  readonly #writing = new Queue<Entry>();
  #undurable = { events: 0, bytes: 0 };
  readonly #fsyncs: () => number;

  /** Throws `spool-locked` and `spool-failed`. */
  constructor(settings: Settings & { spool: NonNullable<Settings['spool']> }, deps: SpooledDeps) {
    const { dir, maxBytes } = settings.spool;
    const { files, count } = countSyncs(deps.files);
    const { state, reader, batches, unread, unlock } = openSpool(dir, files, deps.clock);
    this.#settings = settings;
    this.#deps = deps;
    this.#fsyncs = count;
    this.#unlock = unlock;
    this.nextNumber = state.nextEntry;
    this.#log = new SegmentLog(state, unread.events, {
      folder: dir,
      files,
      clock: deps.clock,
      segmentBytes: Math.min(maxBytes >> 3, 8 * 1024 * 1024),
      onFailure: deps.onFailure,
      onRoom: () => this.#admit(),
    });
    this.#buffer = new EventBuffer(settings, deps.clock, () => this.#batches.wake());
    this.#backlog = new Backlog(reader, this.#buffer, { ...unread, from: state.nextUnbatched });
    this.#producer = new Producer(deps, this.#buffer, { chain: state.chain });
    this.#batches = new BatchLog(this.#log, this.#producer, batches, deps.onBatch);
    for (const { entries, bytes } of batches) this.#buffer.adopt(entries.length, bytes);
    this.#backlog.refill();
    if (!this.isEmpty || !this.isIdle) deps.onBatch(); // the sender asks for the session that all waits for
  }

  get spool(): SpoolStats {
    return { ...this.#log.counts, fsyncs: this.#fsyncs() };
  }

  get pending() {
    const { events, bytes } = this.#buffer.pending;
    const { pending } = this.#backlog;
    return {
      events: events + pending.events + this.#undurable.events,
      bytes: bytes + pending.bytes + this.#undurable.bytes,
    };
  }

  get isEmpty() {
    const isWritten = this.#undurable.events === 0 && this.#backlog.pending.events === 0;
    return isWritten && this.#buffer.isEmpty;
  }

  get oldest() {
    return (
      this.#batches.oldest ??
      this.#buffer.oldest ??
      this.#backlog.oldest ??
      this.#writing.first?.number ??
      this.#waiting.first?.number
    );
  }

  get client() {
    return this.#producer.client ?? this.#batches.client;
  }

  get isIdle() {
    return this.#batches.isIdle;
  }

  get earliest() {
    return this.#producer.earliest;
  }

  add(entry: Entry): boolean {
    const isFull = this.#waiting.length > 0 || !this.#hasRoom(entry);
    if (isFull && (this.#settings.onFull === 'reject' || entry.failClosed)) return false;
    this.#count(entry, 1);
    if (isFull) this.#waiting.push(entry);
    else this.#write(entry);
    return true;
  }

  /** What is written, or about to be, is on its way whatever becomes of this process. */
  withdraw(): boolean {
    return false;
  }

  begin(session: Session): void {
    this.#producer.begin(session);
    this.#batches.wake();
  }

  /** One that is logged. */
  seal(): SealedBatch[] {
    const next = this.#batches.take();
    return next === undefined ? [] : [next];
  }

  end(): void {
    const fin = this.#producer.fin();
    if (fin !== undefined) this.#batches.add(fin);
  }

  flush(through: number): void {
    this.#buffer.flush(through);
  }

  accepted(sealed: SealedBatch): void {
    this.#buffer.release(sealed.entries.length, sealed.bytes);
    this.#backlog.refill();
    if (this.#settings.spool.keepUntil === 'accepted') this.#log.delivered(sealed.batch);
  }

  committed(batch: { readonly producer: string; readonly seq: number }): void {
    this.#log.delivered(batch);
  }

  again(delivered: { readonly producer: string; readonly seq: number }): SealedBatch | undefined {
    const { outstanding, segments } = this.#log.state;
    const logged = outstanding.get(keyOf(delivered));
    if (logged === undefined) return undefined;
    try {
      const sealed = composeLogged(logged.batch, segments, this.#deps.files);
      return { ...sealed, entries: [], bytes: 0 }; // they were told, and made room for, when it was accepted
    } catch (error) {
      this.#deps.onFailure(error);
      return undefined;
    }
  }

  drain(): Entry[] {
    this.#undurable = { events: 0, bytes: 0 };
    return [
      ...this.#batches.drain().flatMap(({ entries }) => entries),
      ...this.#buffer.drain(),
      ...this.#backlog.drain(),
      ...this.#writing,
      ...this.#waiting.drain(),
    ];
  }

  async close(): Promise<void> {
    await this.#log.stop();
    this.#unlock();
  }

  /** Boundaries come on top. A segment is an eighth, so when all is delivered there is room for any entry. */
  #hasRoom({ event }: Entry): boolean {
    return this.#log.bytes + entryFrameSize(event.line) <= this.#settings.spool.maxBytes;
  }

  #count(entry: Entry, sign: 1 | -1): void {
    this.#undurable.events += sign;
    this.#undurable.bytes += sign * sizeOf(entry);
  }

  #admit(): void {
    for (let next = this.#waiting.first; next && this.#hasRoom(next); next = this.#waiting.first) {
      this.#waiting.shift();
      this.#write(next);
    }
  }

  #write(entry: Entry): void {
    const { number, event } = entry;
    this.#writing.push(entry);
    this.#log.append({
      frame: { kind: 'entry', number, line: event.line },
      how: 'may',
      settle: (error) => {
        this.#writing.shift(); // they are settled in order
        this.#count(entry, -1);
        if (error === undefined) this.#durable(entry);
        else this.#refused(entry, error);
      },
    });
  }

  #durable(entry: Entry): void {
    if (entry.until === 'durable')
      entry.resolve({ id: entry.event.id, durableAt: toTime(this.#deps.serverClock.now()) });
    this.#backlog.add(entry);
  }

  #refused(entry: Entry, cause: unknown): void {
    const message = `the event could not be written to the spool: ${(cause as Error).message}`;
    this.#deps.reject(
      entry,
      new SealtrailError('spool-failed', message, { cause, fate: 'may-arrive' }),
    );
  }
}
