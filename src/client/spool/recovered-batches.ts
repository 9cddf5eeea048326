import { doubling } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import type { SealedBatch } from '../sealed-batch.ts';
import { composeFrom } from './compose-logged.ts';
import type { EntryReader, StoredEntry } from './entry-reader.ts';
import type { Boundary } from './frame.ts';
import { keyOf, type Recovered } from './spool-state.ts';

/** Composed before other work has its turn, bytes of lines: some 20 ms. */
const bytesATurn = 256 * 1024;
const pace = { baseMs: 100, capMs: 10_000 };

interface RecoveredDeps {
  readonly clock: Clock;
  readonly reader: EntryReader;
  /** Whether the buffer has room for so much. */
  readonly hasRoom: (events: number, bytes: number) => boolean;
  /** There may be a batch to take. */
  readonly onBatch: () => void;
  /** A batch cannot be made again: some of its entries cannot be read. These can. */
  readonly onDamaged: (batch: Boundary, readable: readonly StoredEntry[]) => void;
  /** The disk could not be read; it will be tried again. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Batches that an earlier process logged and that are not delivered. Each is composed when the sender takes it,
 * a few at a time: there may be a thousand, of half a megabyte each.
 */
export class RecoveredBatches {
  readonly #deps: RecoveredDeps;
  readonly #bytesOf: Recovered['bytesOf'];
  #left: Boundary[];
  #chunk: StoredEntry[] = [];
  /** Of the first batch, read so far. */
  #found: StoredEntry[] = [];
  #pending = { events: 0, bytes: 0 };
  #turnBytes = 0;
  #failures = 0;
  #cancelRetry: (() => void) | undefined;

  constructor({ state, bytesOf }: Recovered, deps: RecoveredDeps) {
    this.#deps = deps;
    this.#bytesOf = bytesOf;
    // They are read forwards, by their entries.
    this.#left = [...state.outstanding.values()]
      .map(({ batch }) => batch)
      .sort((a, b) => a.first - b.first || a.seq - b.seq)
      .reverse();
    for (const batch of this.#left) this.#count(batch, 1);
  }

  get isEmpty(): boolean {
    return this.#left.length === 0;
  }

  get pending(): { readonly events: number; readonly bytes: number } {
    return this.#pending;
  }

  /** The number of the oldest entry in one of them. */
  get oldest(): number | undefined {
    return this.#left.findLast(({ count }) => count > 0)?.first;
  }

  /** The next one, in the order of logging; none now if there is no room, or other work has its turn. */
  take(): SealedBatch | undefined {
    for (let batch = this.#left.at(-1); batch !== undefined; batch = this.#left.at(-1)) {
      if (this.#cancelRetry !== undefined || this.#turnBytes >= bytesATurn) return undefined;
      if (!this.#deps.hasRoom(batch.count, this.#sizeOf(batch))) return undefined;
      const found = this.#read(batch);
      if (found === undefined) return undefined;
      this.#spend(this.#sizeOf(batch));
      const sealed = composeFrom(batch, found);
      this.#left.pop();
      this.#count(batch, -1);
      if (sealed !== undefined) return sealed;
      this.#deps.onDamaged(batch, found);
    }
    return undefined;
  }

  /** They stay on the disk. */
  stop(): void {
    this.#cancelRetry?.();
    this.#left = [];
    this.#pending = { events: 0, bytes: 0 };
  }

  #sizeOf(batch: Boundary): number {
    return this.#bytesOf.get(keyOf(batch)) ?? 0;
  }

  #count(batch: Boundary, sign: 1 | -1): void {
    this.#pending.events += sign * batch.count;
    this.#pending.bytes += sign * this.#sizeOf(batch);
  }

  #spend(bytes: number): void {
    if (this.#turnBytes === 0)
      setImmediate(() => {
        this.#turnBytes = 0;
        this.#deps.onBatch();
      });
    this.#turnBytes += bytes + 1;
  }

  /** Its entries, as far as they can be read; undefined if the disk is to be tried again. */
  #read({ first, end, count }: Boundary): readonly StoredEntry[] | undefined {
    try {
      while (this.#found.length < count) {
        if (this.#chunk.length === 0)
          this.#chunk = this.#deps.reader.read((this.#found.at(-1)?.number ?? first - 1) + 1);
        const next = this.#chunk[0];
        if (next === undefined || next.number >= end) break;
        this.#chunk.shift();
        if (next.number >= first) this.#found.push(next);
      }
    } catch (error) {
      this.#deps.onFailure(error);
      const wait = doubling(pace, this.#failures);
      this.#failures += 1;
      this.#cancelRetry = this.#deps.clock.after(wait, () => {
        this.#cancelRetry = undefined;
        this.#deps.onBatch();
      });
      return undefined;
    }
    this.#failures = 0;
    const found = this.#found;
    this.#found = [];
    return found;
  }
}
