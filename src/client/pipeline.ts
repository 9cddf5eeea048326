import type { Entry } from './entry.ts';
import { EventBuffer } from './event-buffer.ts';
import type { Settings } from './options.ts';
import { Producer, type ProducerDeps } from './producer.ts';
import type { SealedBatch } from './sealed-batch.ts';
import type { Session } from './session.ts';
import type { SpoolStats } from './stats.ts';

/** A client, and its tenant: not known of a spool of an earlier version. */
export interface KnownOwner {
  readonly client: string;
  readonly tenant?: string;
}

/** What lies between `record` and the sender: events become the batches of one chain. */
export interface Pipeline {
  /** The next entry's number: one more after each that was taken. */
  readonly nextNumber: number;
  /** The largest number that an entry of an earlier process was given anew; -1 if none was. */
  readonly loggedAgain: number;
  /** Not yet accepted: events, and bytes of their lines. */
  readonly pending: { readonly events: number; readonly bytes: number };
  /** What is on the disk; none without a spool. */
  readonly spool: SpoolStats | undefined;
  /** Whether nothing is pending. */
  readonly isEmpty: boolean;
  /** The number of the oldest entry that no batch taken from here has. */
  readonly oldest: number | undefined;
  /** Whose events these are, once that is known: no other grant can be used for them. */
  readonly owner: KnownOwner | undefined;
  /** Whether a batch is on its way to the sender. */
  readonly isIdle: boolean;
  /** An older event would be refused by the consumer. Epoch ms, once it is known. */
  readonly earliest: number | undefined;
  /** Resolves once what an earlier process left is read, and `owner` is known. */
  whenOpen(): Promise<void>;
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
  nextNumber = 0;
  readonly loggedAgain = -1;
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

  get owner() {
    const { client } = this.#producer;
    return client === undefined ? undefined : { client };
  }

  get isIdle() {
    return this.#fin === undefined;
  }

  get earliest() {
    return this.#producer.earliest;
  }

  async whenOpen(): Promise<void> {}

  add(entry: Entry): boolean {
    if (!this.#buffer.add(entry)) return false;
    this.nextNumber += 1;
    return true;
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
