import { type Entry, sizeOf } from '../entry.ts';
import type { EventBuffer } from '../event-buffer.ts';
import { Queue } from '../queue.ts';
import type { EntryReader, StoredEntry } from './entry-reader.ts';
import { toEntry } from './open-spool.ts';

/**
 * Durable entries on their way to the buffer. Where it has no room their lines are let go of, and read
 * from the disk again later: so an outage costs disk and not memory, but for those who wait.
 */
export class Backlog {
  readonly #reader: EntryReader;
  readonly #buffer: EventBuffer;
  /** Whoever waits for more than `durable`, by the entry's number. */
  readonly #waiting = new Map<number, Entry>();
  #read = new Queue<StoredEntry>();
  /** Of the first that is not in the buffer. */
  #from: number;
  #events: number;
  #bytes: number;

  /** `unread`: what is on the disk already, and the number from which on it is. */
  constructor(
    reader: EntryReader,
    buffer: EventBuffer,
    unread: { readonly events: number; readonly bytes: number; readonly from: number },
  ) {
    this.#reader = reader;
    this.#buffer = buffer;
    this.#events = unread.events;
    this.#bytes = unread.bytes;
    this.#from = unread.from;
  }

  get pending(): { readonly events: number; readonly bytes: number } {
    return { events: this.#events, bytes: this.#bytes };
  }

  get oldest(): number | undefined {
    return this.#events > 0 ? this.#from : undefined;
  }

  /** An entry that is durable now. */
  add(entry: Entry): void {
    if (this.#events === 0) {
      this.#from = entry.number;
      if (this.#buffer.offer(entry)) {
        this.#from += 1;
        return;
      }
    }
    this.#events += 1;
    this.#bytes += sizeOf(entry);
    if (entry.until !== 'durable')
      this.#waiting.set(entry.number, { ...entry, event: { ...entry.event, line: gone } });
  }

  /** Fills the buffer as far as it has room. */
  refill(): void {
    while (this.#events > 0) {
      if (this.#read.length === 0)
        for (const each of this.#reader.read(this.#from)) this.#read.push(each);
      const next = this.#read.first;
      if (next === undefined) return;
      if (next.number < this.#from) {
        this.#read.shift(); // it was read together with others, and went past this way
        continue;
      }
      const entry = toEntry(next, this.#waiting.get(next.number));
      if (!this.#buffer.offer(entry)) return;
      this.#read.shift();
      this.#waiting.delete(next.number);
      this.#from = next.number + 1;
      this.#events -= 1;
      this.#bytes -= sizeOf(entry);
    }
  }

  /** Those who wait. What is on the disk stays there. */
  drain(): Entry[] {
    this.#events = 0;
    this.#bytes = 0;
    this.#read = new Queue();
    return [...this.#waiting.values()];
  }
}

const gone = Buffer.alloc(0);
