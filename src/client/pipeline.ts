import type { Entry } from './entry.ts';
import { EventBuffer } from './event-buffer.ts';
import type { Settings } from './options.ts';
import { Producer, type ProducerDeps } from './producer.ts';
import type { SealedBatch } from './sealed-batch.ts';
import type { Session } from './session.ts';
import type { SpoolStats } from './stats.ts';

/** What lies between `record` and the sender: events become the batches of one chain. */
export interface Pipeline {
  /** The next entry's number. */
  readonly nextNumber: number;
  /** Not yet accepted: events, and bytes of their lines. */
  readonly pending: { readonly events: number; readonly bytes: number };
  /** What is on the disk; none without a spool. */
  readonly spool: SpoolStats | undefined;
  /** Whether nothing is pending. */
  readonly isEmpty: boolean;
  /** The number of the oldest entry that no batch taken from here has. */
  readonly oldest: number | undefined;
  /** Whose chain it is, once there is one: no other client can go on with it. */
  readonly client: string | undefined;
  /** Whether a batch is on its way to the sender. */
  readonly isIdle: boolean;
  /** An older event would be refused by the consumer. Epoch ms, once it is known. */
  readonly earliest: number | undefined;
  /** Takes an entry, or lets it wait for room; false if it is full and to reject. */
  add(entry: Entry): boolean;
  /** Takes it back; false if it may be sent, or read from the disk, nevertheless. */
  withdraw(entry: Entry): boolean;
  begin(session: Session): void;
  /** A batch, or several, to be sent now; none if there is none. */
  seal(): SealedBatch[];
  /** Ends the chain, once all that was recorded is accepted. */
  end(): void;
  /** Does not linger with anything up to and including this entry. */
  flush(through: number): void;
  /** It is on the stream. */
  accepted(sealed: SealedBatch): void;
  /** It is seen to be stored. */
  committed(batch: { readonly producer: string; readonly seq: number }): void;
  /** The very same batch, to be sent once more: the stream may have lost it. None if it is not kept. */
  again(batch: { readonly producer: string; readonly seq: number }): SealedBatch | undefined;
  /** Gives up. Answers the entries that are in no batch taken from here. */
  drain(): Entry[];
  /** Lets go of what it holds of the system. */
  close(): Promise<void>;
}

/** The pipeline in memory: what is in it is lost with the process, whose producer it is. */
export class MemoryPipeline implements Pipeline {
  readonly nextNumber = 0;
  readonly spool = undefined;
  readonly #buffer: EventBuffer;
  readonly #producer: Producer;
  readonly #onBatch: () => void;
  #fin: SealedBatch | undefined;

  /** `onBatch`: there may be a batch to take. */
  constructor(settings: Settings, deps: ProducerDeps, onBatch: () => void) {
    this.#onBatch = onBatch;
    this.#buffer = new EventBuffer(settings, deps.clock, onBatch);
    this.#producer = new Producer(deps, this.#buffer);
  }

  get pending() {
    return this.#buffer.pending;
  }

  get isEmpty() {
    return this.#buffer.isEmpty;
  }

  get oldest() {
    return this.#buffer.oldest;
  }

  get client() {
    return this.#producer.client;
  }

  get isIdle() {
    return this.#fin === undefined;
  }

  get earliest() {
    return this.#producer.earliest;
  }

  add(entry: Entry): boolean {
    return this.#buffer.add(entry);
  }

  withdraw(entry: Entry): boolean {
    return this.#buffer.withdraw(entry);
  }

  begin(session: Session): void {
    this.#producer.begin(session);
  }

  seal(): SealedBatch[] {
    const fin = this.#fin;
    this.#fin = undefined;
    return fin === undefined ? this.#producer.seal() : [fin];
  }

  end(): void {
    this.#fin = this.#producer.fin();
    if (this.#fin !== undefined) this.#onBatch();
  }

  flush(through: number): void {
    this.#buffer.flush(through);
  }

  accepted({ entries, bytes }: SealedBatch): void {
    this.#buffer.release(entries.length, bytes);
  }

  committed(): void {}

  again(): undefined {}

  drain(): Entry[] {
    return this.#buffer.drain();
  }

  async close(): Promise<void> {}
}
