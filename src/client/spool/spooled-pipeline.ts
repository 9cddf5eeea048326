import { toTime } from '../../domain/encoding.ts';
import { SealtrailError } from '../../domain/error.ts';
import { doubling } from '../backoff.ts';
import type { Entry } from '../entry.ts';
import type { Settings } from '../options.ts';
import type { KnownOwner, Pipeline } from '../pipeline.ts';
import type { ProducerDeps } from '../producer.ts';
import type { SealedBatch } from '../sealed-batch.ts';
import type { Session } from '../session.ts';
import type { SpoolStats } from '../stats.ts';
import { Admission } from './admission.ts';
import { toEntry } from './compose-logged.ts';
import { countSyncs } from './count-syncs.ts';
import { Delivery } from './delivery.ts';
import type { StoredEntry } from './entry-reader.ts';
import type { SpoolFiles } from './files.ts';
import { SegmentLog, type Write } from './log.ts';
import { failedToOpen, type OpenedSpool, openSpool, ownerOf } from './open-spool.ts';
import type { Recovered } from './spool-state.ts';

export interface SpooledDeps extends ProducerDeps {
  readonly files: SpoolFiles;
  /** There may be a batch to take. */
  readonly onBatch: () => void;
  /** The disk failed. */
  readonly onFailure: (error: unknown) => void;
  /** Something durable cannot be read: so many events, as far as is known. The rest goes on. */
  readonly onDamage: (error: SealtrailError, events: number) => void;
  /** The spool is not ours any more: nothing goes on. */
  readonly onLost: (error: SealtrailError) => void;
  /** Something has changed for those who wait. */
  readonly onSettled: () => void;
}

type SpooledSettings = Settings & { spool: NonNullable<Settings['spool']> };

/** How soon a disk that could not be read when the spool was opened is tried again. */
const pace = { baseMs: 100, capMs: 10_000 };

/**
 * The pipeline over a log on disk: an entry goes on only once it is durable there, and a batch once its
 * boundary is. So whatever is sent can be composed again after a crash, to the same batch id. A large spool is
 * read in slices: entries may be added at once, and are written when all is read.
 */
export class SpooledPipeline implements Pipeline {
  readonly #settings: SpooledSettings;
  readonly #deps: SpooledDeps;
  readonly #opened: OpenedSpool;
  readonly #admission: Admission;
  readonly #fsyncs: () => number;
  #nextNumber: number;
  #core: { readonly log: SegmentLog; readonly delivery: Delivery } | undefined;
  #owner: KnownOwner | undefined;
  readonly #whenOpen: Promise<void>;
  #toldOpen = () => {};
  #failures = 0;
  #loggedAgain = -1;
  #isOver = false;
  #cancel = () => {};

  /** Throws `spool-locked` and `spool-failed`. */
  constructor(settings: SpooledSettings, deps: SpooledDeps) {
    const { dir } = settings.spool;
    const { files, count } = countSyncs(deps.files);
    this.#settings = settings;
    this.#deps = deps;
    this.#fsyncs = count;
    this.#whenOpen = new Promise((resolve) => {
      this.#toldOpen = resolve;
    });
    const onLost = (error: SealtrailError) => {
      this.#core?.log.halt();
      deps.onLost(error);
    };
    this.#opened = openSpool(dir, { files, clock: deps.clock, onLost });
    this.#nextNumber = this.#opened.nextNumber;
    this.#admission = new Admission(settings, {
      usedBytes: () => this.#core?.log.bytes ?? this.#opened.bytes,
      write: (entry, how) => this.#write(entry, how),
    });
    try {
      this.#readOn();
    } catch (error) {
      this.#opened.lock.release();
      throw failedToOpen(dir, error);
    }
  }

  get nextNumber() {
    return this.#nextNumber;
  }

  get loggedAgain() {
    return this.#loggedAgain;
  }

  get spool(): SpoolStats {
    const fsyncs = this.#fsyncs();
    const { bytes } = this.#opened;
    const none = { events: 0, segments: 0, abandoned: 0, damaged: 0 };
    return { ...(this.#core?.log.counts ?? { bytes, ...none }), fsyncs, isOpening: !this.#isOpen };
  }

  get pending() {
    const { events, bytes } = this.#admission.pending;
    const further = this.#core?.delivery.pending ?? { events: 0, bytes: 0 };
    return { events: events + further.events, bytes: bytes + further.bytes };
  }

  get isEmpty() {
    return this.#isOver || (this.#isOpen && this.pending.events === 0);
  }

  get oldest() {
    if (!this.#isOpen && !this.#isOver) return 0; // whatever is in it
    return this.#core?.delivery.oldest ?? this.#admission.oldest;
  }

  get owner() {
    const client = this.#core?.delivery.client;
    return this.#owner ?? (client === undefined ? undefined : { client });
  }

  get isIdle() {
    return this.#core?.delivery.isIdle ?? false;
  }

  get earliest() {
    return this.#core?.delivery.earliest;
  }

  whenOpen(): Promise<void> {
    return this.#whenOpen;
  }

  add(entry: Entry): boolean {
    if (!this.#admission.add(entry)) return false;
    this.#nextNumber += 1;
    return true;
  }

  /** What is written, or about to be, is on its way whatever becomes of this process. */
  withdraw(): boolean {
    return false;
  }

  begin(session: Session): void {
    this.#owner = { tenant: session.tenant, client: session.client };
    this.#core?.delivery.begin(session);
  }

  seal(): SealedBatch[] {
    return this.#core?.delivery.seal() ?? [];
  }

  end(): void {
    this.#core?.delivery.end();
  }

  flush(through: number): void {
    this.#core?.delivery.flush(through);
  }

  accepted(sealed: SealedBatch): void {
    this.#core?.delivery.accepted(sealed);
  }

  committed(batch: { readonly producer: string; readonly seq: number }): void {
    this.#core?.log.delivered(batch);
  }

  again(delivered: { readonly producer: string; readonly seq: number }): SealedBatch | undefined {
    return this.#core?.delivery.again(delivered);
  }

  drain(): Entry[] {
    this.#isOver = true;
    this.#cancel();
    return [...(this.#core?.delivery.drain() ?? []), ...this.#admission.drain()];
  }

  async close(): Promise<void> {
    this.#isOver = true;
    this.#cancel();
    await this.#core?.log.stop();
    this.#opened.lock.release();
  }

  get #isOpen(): boolean {
    return this.#core !== undefined;
  }

  /** Reads a slice, and lets other work have its turn before the next. */
  #readOn(): void {
    const recovered = this.#opened.readOn();
    this.#failures = 0;
    if (recovered !== undefined) {
      this.#open(recovered);
      return;
    }
    const next = setImmediate(() => this.#tryToReadOn());
    this.#cancel = () => clearImmediate(next);
  }

  #tryToReadOn(): void {
    try {
      if (!this.#isOver) this.#readOn();
    } catch (error) {
      this.#deps.onFailure(failedToOpen(this.#settings.spool.dir, error));
      const wait = doubling(pace, this.#failures);
      this.#failures += 1;
      this.#cancel = this.#deps.clock.after(wait, () => this.#tryToReadOn());
    }
  }

  #open(recovered: Recovered): void {
    const { dir, maxBytes } = this.#settings.spool;
    const { files } = this.#opened;
    const { state } = recovered;
    this.#owner = ownerOf(recovered);
    const log = new SegmentLog(state, recovered.unread.events, {
      ...{ folder: dir, files, clock: this.#deps.clock, onFailure: this.#deps.onFailure },
      segmentBytes: Math.min(maxBytes >> 3, 8 * 1024 * 1024),
      onRoom: () => this.#admission.admit(),
    });
    const delivery = new Delivery(recovered, {
      ...this.#deps,
      ...{ settings: this.#settings, files, log },
      onDamage: ({ path }) => this.#deps.onDamage(damagedSegment(path), 0),
      onLost: (events) => {
        this.#deps.onDamage(lostEvents(events, dir), events);
        this.#deps.onSettled();
      },
      logAgain: (entries) => this.#logAgain(entries),
    });
    this.#core = { log, delivery };
    delivery.start();
    for (const { isDamaged, path } of state.segments)
      if (isDamaged) this.#deps.onDamage(damagedSegment(path), 0);
    this.#admission.open();
    this.#toldOpen();
    this.#deps.onSettled();
  }

  #logAgain(entries: readonly StoredEntry[]): void {
    for (const { line } of entries) {
      this.#admission.force(toEntry({ number: this.#nextNumber, line }));
      this.#loggedAgain = this.#nextNumber;
      this.#nextNumber += 1;
    }
  }

  /** `how` is `must` for what an earlier process had acknowledged. */
  #write(entry: Entry, how: Write['how']): void {
    const { number, event } = entry;
    this.#core?.log.append({
      ...{ frame: { kind: 'entry', number, line: event.line }, how },
      settle: (error) => {
        if (this.#isOver) return;
        this.#admission.settled();
        if (error === undefined) this.#durable(entry);
        else this.#refused(entry, error);
      },
    });
  }

  #durable(entry: Entry): void {
    if (entry.until === 'durable')
      entry.resolve({ id: entry.event.id, durableAt: toTime(this.#deps.serverClock.now()) });
    this.#core?.delivery.add(entry);
  }

  #refused(entry: Entry, cause: unknown): void {
    const message = `the event could not be written to the spool: ${(cause as Error).message}`;
    this.#deps.reject(
      entry,
      new SealtrailError('spool-failed', message, { cause, fate: 'may-arrive' }),
    );
  }
}

function damagedSegment(path: string): SealtrailError {
  const message = `${path} cannot be read in part: what is whole in it is sent, and the file is kept as ${path}.damaged`;
  return new SealtrailError('spool-failed', message);
}

function lostEvents(events: number, dir: string): SealtrailError {
  const message = `${events} durable events in ${dir} cannot be read any more: their file is kept, under .damaged`;
  return new SealtrailError('spool-failed', message);
}
