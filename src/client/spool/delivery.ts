import type { Entry } from '../entry.ts';
import { EventBuffer } from '../event-buffer.ts';
import type { Settings } from '../options.ts';
import { Producer, type ProducerDeps } from '../producer.ts';
import type { SealedBatch } from '../sealed-batch.ts';
import type { Session } from '../session.ts';
import { Backlog } from './backlog.ts';
import { BatchLog } from './batch-log.ts';
import { composeLogged, damagedBatch } from './compose-logged.ts';
import { EntryReader, type StoredEntry } from './entry-reader.ts';
import type { SpoolFiles } from './files.ts';
import type { Boundary } from './frame.ts';
import type { SegmentLog } from './log.ts';
import { RecoveredBatches } from './recovered-batches.ts';
import { keyOf, type Recovered, type Segment } from './spool-state.ts';

export interface DeliveryDeps extends ProducerDeps {
  readonly settings: Settings;
  readonly files: SpoolFiles;
  readonly log: SegmentLog;
  /** There may be a batch to take. */
  readonly onBatch: () => void;
  readonly onFailure: (error: unknown) => void;
  readonly onDamage: (segment: Segment) => void;
  /** So many durable events cannot be read any more. */
  readonly onLost: (events: number) => void;
  /** Logs entries once more under new numbers: those that they have are in no batch that can be made. */
  readonly logAgain: (entries: readonly StoredEntry[]) => void;
}

/**
 * What is durable, on its way to the sender: first the batches that an earlier process logged, then what it left in
 * none, then what is new. Order is that of recording.
 */
export class Delivery {
  readonly #deps: DeliveryDeps;
  readonly #orphans: readonly number[];
  readonly #recovered: RecoveredBatches;
  readonly #backlog: Backlog;
  readonly #buffer: EventBuffer;
  readonly #producer: Producer;
  readonly #batches: BatchLog;

  constructor(recovered: Recovered, deps: DeliveryDeps) {
    const { settings, log, clock, onBatch, onFailure, onLost } = deps;
    const { state, unread } = recovered;
    this.#deps = deps;
    this.#orphans = recovered.orphans;
    this.#buffer = new EventBuffer(settings, clock, () => this.#batches.wake());
    this.#recovered = new RecoveredBatches(recovered, {
      ...{ clock, onBatch, onFailure, reader: this.#reader() },
      hasRoom: (events, bytes) => this.#buffer.hasRoomFor(events, bytes),
      onDamaged: (batch, readable) => this.#damaged(batch, readable),
    });
    const backlogDeps = { clock, onFailure, onLost, buffer: this.#buffer, reader: this.#reader() };
    this.#backlog = new Backlog(backlogDeps);
    this.#producer = new Producer(deps, this.#buffer, { chain: state.chain });
    this.#batches = new BatchLog(log, this.#producer, onBatch);
    this.#backlog.prepend({ ...unread, from: state.nextUnbatched });
  }

  /** Begins to send what an earlier process left. */
  start(): void {
    this.#logOrphans(this.#orphans);
    if (this.#recovered.isEmpty) this.#backlog.open();
    if (!this.isEmpty || !this.isIdle) this.#deps.onBatch(); // the sender asks for the session that all waits for
  }

  get pending(): { readonly events: number; readonly bytes: number } {
    const parts = [this.#recovered.pending, this.#backlog.pending, this.#buffer.pending];
    return {
      events: parts.reduce((sum, { events }) => sum + events, 0),
      bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  }

  get isEmpty(): boolean {
    return this.pending.events === 0;
  }

  get isIdle(): boolean {
    return this.#recovered.isEmpty && this.#batches.isIdle;
  }

  get oldest(): number | undefined {
    return (
      this.#recovered.oldest ?? this.#batches.oldest ?? this.#buffer.oldest ?? this.#backlog.oldest
    );
  }

  get client(): string | undefined {
    return this.#producer.client;
  }

  get earliest(): number | undefined {
    return this.#producer.earliest;
  }

  /** An entry that is durable now. */
  add(entry: Entry): void {
    this.#backlog.add(entry);
  }

  begin(session: Session): void {
    const { tenant, client } = session;
    const { log } = this.#deps;
    if (log.state.owner === undefined)
      log.append({ frame: { kind: 'owner', owner: { tenant, client } }, how: 'must' });
    this.#producer.begin(session);
    this.#batches.wake();
  }

  /** One that is logged; none if there is none now. */
  seal(): SealedBatch[] {
    if (this.#recovered.isEmpty) {
      const next = this.#batches.take();
      return next === undefined ? [] : [next];
    }
    const next = this.#recovered.take();
    if (next !== undefined) this.#buffer.adopt(next.entries.length, next.bytes);
    if (this.#recovered.isEmpty) {
      this.#backlog.open();
      this.#deps.onBatch();
    }
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
    if (this.#deps.settings.spool?.keepUntil === 'accepted') this.#deps.log.delivered(sealed.batch);
    this.#backlog.refill();
  }

  again(delivered: { readonly producer: string; readonly seq: number }): SealedBatch | undefined {
    const { log, files, onFailure } = this.#deps;
    const logged = log.state.outstanding.get(keyOf(delivered));
    if (logged === undefined) return undefined;
    try {
      const sealed = composeLogged(logged.batch, log.state.segments, files);
      return { ...sealed, entries: [], bytes: 0 }; // they were told, and made room for, when it was accepted
    } catch (error) {
      onFailure(error);
      return undefined;
    }
  }

  /** Gives up. Answers the entries that are in no batch that was taken. */
  drain(): Entry[] {
    this.#recovered.stop();
    return [
      ...this.#batches.drain().flatMap(({ entries }) => entries),
      ...this.#buffer.drain(),
      ...this.#backlog.drain(),
    ];
  }

  #reader(): EntryReader {
    const { files, log, onDamage } = this.#deps;
    return new EntryReader(files, () => log.state.segments, onDamage);
  }

  /**
   * Its readable events go in other batches, and its number stays a gap in the chain: that it is missing must be
   * seen. If the stream had it already, those events are there twice, with the same ids.
   */
  #damaged(batch: Boundary, readable: readonly StoredEntry[]): void {
    const { log, logAgain, onFailure, onLost } = this.#deps;
    onFailure(damagedBatch(batch));
    logAgain(readable);
    log.delivered(batch);
    if (readable.length < batch.count) onLost(batch.count - readable.length);
  }

  #logOrphans(numbers: readonly number[]): void {
    const { clock, onFailure, logAgain } = this.#deps;
    const [first] = numbers;
    if (first === undefined) return;
    const wanted = new Set(numbers);
    const reader = this.#reader();
    try {
      const found: StoredEntry[] = [];
      for (let next = first; ; ) {
        const chunk = reader.read(next);
        const last = chunk.at(-1);
        if (last === undefined) break;
        found.push(...chunk.filter(({ number }) => wanted.has(number)));
        next = last.number + 1;
        if (next > (numbers.at(-1) ?? 0)) break;
      }
      logAgain(found);
    } catch (error) {
      onFailure(error);
      clock.after(1000, () => this.#logOrphans(numbers));
    }
  }
}
