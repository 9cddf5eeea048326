import type { Producer } from '../producer.ts';
import { Queue } from '../queue.ts';
import type { SealedBatch } from '../sealed-batch.ts';
import type { Boundary } from './frame.ts';
import type { SegmentLog } from './log.ts';

/** Sealed for one write to the log, so that sealing never holds up the process for long: some 15 ms. */
const sealBytesATurn = 2 * 1024 * 1024;
/** Batches that are logged and wait for the sender; beyond it nothing more is sealed. */
const maxReady = 256;

/** Seals what the producer has, and gives it to the sender once its boundaries are durable. */
export class BatchLog {
  readonly #log: SegmentLog;
  readonly #producer: Producer;
  readonly #onBatch: () => void;
  readonly #ready = new Queue<SealedBatch>();
  /** Are being logged. */
  readonly #logging = new Queue<SealedBatch>();
  #isSealing = false;

  /** `onBatch`: there may be a batch to take. */
  constructor(log: SegmentLog, producer: Producer, onBatch: () => void) {
    this.#log = log;
    this.#producer = producer;
    this.#onBatch = onBatch;
  }

  get isIdle(): boolean {
    return this.#ready.length === 0 && this.#logging.length === 0;
  }

  /** The number of the oldest entry in a batch that was not taken. */
  get oldest(): number | undefined {
    for (const queue of [this.#ready, this.#logging])
      for (const { entries } of queue) if (entries[0] !== undefined) return entries[0].number;
    return undefined;
  }

  take(): SealedBatch | undefined {
    const next = this.#ready.shift();
    if (next !== undefined) this.wake();
    return next;
  }

  /** There may be something to seal: looks, once what runs now is done. */
  wake(): void {
    if (this.#isSealing) return;
    this.#isSealing = true;
    setImmediate(() => {
      this.#isSealing = false;
      this.#sealSome();
    });
  }

  add(sealed: SealedBatch): void {
    this.#logging.push(sealed);
    this.#log.append({
      frame: { kind: 'batch', batch: boundaryOf(sealed, this.#log.state.nextUnbatched) },
      how: 'must',
      settle: () => {
        this.#logging.shift(); // they are settled in order
        this.#ready.push(sealed);
        this.#onBatch();
        this.wake();
      },
    });
  }

  /** Answers the batches that were not taken. */
  drain(): SealedBatch[] {
    return [...this.#ready.drain(), ...this.#logging];
  }

  #sealSome(): void {
    if (this.#logging.length > 0) return; // wakes when it is done
    const room = () => this.#ready.length + this.#logging.length < maxReady;
    for (let bytes = 0; bytes < sealBytesATurn && room(); ) {
      const sealed = this.#producer.seal();
      if (sealed.length === 0) return;
      for (const each of sealed) {
        bytes += each.bytes;
        this.add(each);
      }
    }
  }
}

/** What is logged of a batch. `next`: where the range of one without entries lies. */
function boundaryOf({ batch, entries }: SealedBatch, next: number): Boundary {
  const { id, client, producer, seq, prev, root, count, from, to, sealed, fin } = batch;
  const first = entries[0]?.number ?? next;
  const end = (entries.at(-1)?.number ?? next - 1) + 1;
  return { id, client, producer, seq, prev, root, first, end, count, from, to, sealed, fin };
}
