import type { Frame } from './frame.ts';
import { isNew, keyOf, type Recovered, type SpoolState } from './spool-state.ts';

/** Entries before a boundary that no boundary has, and which of the chain's numbers are missing there. */
interface Gap {
  readonly numbers: number[];
  readonly producer: string | undefined;
  /** First missing seq, and the one behind the last. */
  readonly from: number;
  readonly to: number;
}

/**
 * Finds out, frame by frame, which entry is in which batch, and after damage what is not known any more: an
 * entry whose boundary cannot be read, and where the chain ends.
 */
export class Lineage {
  readonly #bytesOf = new Map<string, number>();
  /** Entries that no boundary has yet, from `#at` on: there may be a million. */
  #numbers: number[] = [];
  #sizes: number[] = [];
  #at = 0;
  #largest = -1;
  #isDamaged = false;
  /** Nothing was damaged behind the last frame that says where the chain goes on. */
  #knowsChain = true;
  readonly #gaps: Gap[] = [];
  /** Deliveries, after damage, of batches whose boundary is not known. */
  readonly #delivered = new Set<string>();

  /** Before the next frame lies something that cannot be read. */
  damaged(): void {
    this.#isDamaged = true;
    this.#knowsChain = false;
  }

  /** `state`: before this frame. */
  add(frame: Frame, state: SpoolState): void {
    if (frame.kind === 'header') this.#knowsChain = true;
    else if (frame.kind === 'entry') this.#addEntry(frame.number, frame.line.length + 1);
    else if (frame.kind === 'batch') this.#addBatch(frame, state);
    else if (frame.kind === 'delivered') {
      this.#bytesOf.delete(keyOf(frame));
      if (this.#isDamaged && !state.outstanding.has(keyOf(frame)))
        this.#delivered.add(keyOf(frame));
    }
  }

  /** What all of it comes to. Takes the chain from a state where it is not known. */
  end(state: SpoolState): Omit<Recovered, 'state'> {
    const unread = { events: 0, bytes: 0 };
    const left: number[] = [];
    for (let at = this.#at; at < this.#numbers.length; at++) {
      const number = this.#numbers[at] ?? 0;
      if (number < state.nextUnbatched) left.push(number);
      else {
        unread.events += 1;
        unread.bytes += this.#sizes[at] ?? 0;
      }
    }
    this.#addGap(left, state, state.chain?.seq ?? Number.POSITIVE_INFINITY);
    if (!this.#knowsChain) state.chain = undefined;
    const orphans = this.#gaps.flatMap((gap) => (this.#wasDelivered(gap) ? [] : gap.numbers));
    return { bytesOf: this.#bytesOf, unread, orphans };
  }

  /** What is rewritten may come twice. */
  #addEntry(number: number, bytes: number): void {
    if (number <= this.#largest) return;
    this.#largest = number;
    this.#numbers.push(number);
    this.#sizes.push(bytes);
  }

  #addBatch({ batch }: Extract<Frame, { kind: 'batch' }>, state: SpoolState): void {
    const before: number[] = [];
    let bytes = 0;
    for (let next = this.#numbers[this.#at]; next !== undefined && next < batch.end; ) {
      if (next < batch.first) before.push(next);
      else bytes += this.#sizes[this.#at] ?? 0;
      this.#at += 1;
      next = this.#numbers[this.#at];
    }
    if (this.#at > 4096) {
      this.#numbers = this.#numbers.slice(this.#at);
      this.#sizes = this.#sizes.slice(this.#at);
      this.#at = 0;
    }
    if (!this.#bytesOf.has(keyOf(batch))) this.#bytesOf.set(keyOf(batch), bytes);
    this.#addGap(before, state, batch.seq);
    if (isNew(batch, state)) this.#knowsChain = true;
  }

  /** Without damage such entries are those of batches that were delivered before they were rewritten. */
  #addGap(numbers: number[], { chain }: SpoolState, to: number): void {
    if (numbers.length === 0 || !this.#isDamaged) return;
    this.#gaps.push({ numbers, producer: chain?.producer, from: chain?.seq ?? 0, to });
  }

  /** All batches that may have had these entries are delivered: the boundaries are missing, not the batches. */
  #wasDelivered({ producer, from, to }: Gap): boolean {
    if (producer === undefined || from >= to || to - from > this.#delivered.size) return false;
    for (let seq = from; seq < to; seq++)
      if (!this.#delivered.has(keyOf({ producer, seq }))) return false;
    return true;
  }
}
