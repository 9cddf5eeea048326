import type { Order, Summary } from '../store/batch-store.ts';
import type { EventPlace } from './position.ts';
import { comparePlaces, type ReadEvent } from './read-event.ts';

/** A batch that was opened, with how many of its wanted events are not given yet. */
export interface LoadedBatch {
  readonly summary: Summary;
  left: number;
}

interface Entry {
  readonly event: ReadEvent;
  readonly from: LoadedBatch;
}

/** Events of opened batches that may not be given yet, in the reader's order. */
export class Pending {
  readonly #sign: 1 | -1;
  #entries: Entry[] = [];
  #head = 0;
  /** In the order of the scan. */
  readonly batches: LoadedBatch[] = [];

  constructor(order: Order) {
    this.#sign = order === 'asc' ? 1 : -1;
  }

  get size(): number {
    return this.#entries.length - this.#head;
  }

  add(summary: Summary, events: readonly ReadEvent[]): void {
    const from: LoadedBatch = { summary, left: events.length };
    this.batches.push(from);
    const rest = this.#entries.slice(this.#head);
    for (const event of events) rest.push({ event, from });
    // A sorted run and another: the engine's merge sort joins them in about one pass.
    this.#entries = rest.sort((a, b) => this.#sign * comparePlaces(a.event, b.event));
    this.#head = 0;
  }

  peek(): ReadEvent | undefined {
    return this.#entries[this.#head]?.event;
  }

  /** Takes the event that `peek` gave. */
  shift(): void {
    const entry = this.#entries[this.#head++];
    if (entry !== undefined) entry.from.left--;
  }

  /** The events of one batch, in order, without taking them. */
  of(batch: LoadedBatch): ReadEvent[] {
    return this.#entries
      .slice(this.#head)
      .filter(({ from }) => from === batch)
      .map(({ event }) => event);
  }

  /** The first batch of the scan that is not wholly given. */
  firstOpen(): LoadedBatch | undefined {
    return this.batches.find(({ left }) => left > 0);
  }
}

/** Whether `event` comes after `place` in this order. */
export function isAfter(event: EventPlace, place: EventPlace | undefined, order: Order): boolean {
  if (place === undefined) return true;
  const compared = comparePlaces(event, place);
  return order === 'asc' ? compared > 0 : compared < 0;
}
