import { SealtrailError } from '../../domain/error.ts';
import { doubling } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import { type Entry, sizeOf } from '../entry.ts';
import type { EventBuffer } from '../event-buffer.ts';
import { Queue } from '../queue.ts';
import { toEntry } from './compose-logged.ts';
import type { EntryReader, StoredEntry } from './entry-reader.ts';

const pace = { baseMs: 100, capMs: 10_000 };

interface BacklogDeps {
  readonly clock: Clock;
  readonly reader: EntryReader;
  readonly buffer: EventBuffer;
  /** The disk could not be read; it will be tried again. */
  readonly onFailure: (error: unknown) => void;
  /** So many events were durable and cannot be read any more. */
  readonly onLost: (events: number) => void;
}

/**
 * Durable entries on their way to the buffer. Where it has no room their lines are let go of, and read
 * from the disk again later: so an outage costs disk and not memory, but for those who wait.
 */
export class Backlog {
  readonly #deps: BacklogDeps;
  /** Whoever waits for more than `durable`, by the entry's number. */
  readonly #waiting = new Map<number, Entry>();
  #read = new Queue<StoredEntry>();
  /** Of the first that is not in the buffer. */
  #from = 0;
  #events = 0;
  #bytes = 0;
  #isHeld = true;
  /** It has read a window, and goes on once other work had its turn. */
  #isPaused = false;
  #failures = 0;
  #cancelRetry: (() => void) | undefined;

  constructor(deps: BacklogDeps) {
    this.#deps = deps;
  }

  get pending(): { readonly events: number; readonly bytes: number } {
    return { events: this.#events, bytes: this.#bytes };
  }

  get oldest(): number | undefined {
    return this.#events > 0 ? this.#from : undefined;
  }

  /** What an earlier process left in no batch, from this number on: it comes before what was added. */
  prepend(unread: {
    readonly events: number;
    readonly bytes: number;
    readonly from: number;
  }): void {
    if (unread.events === 0) return;
    this.#from = unread.from;
    this.#events += unread.events;
    this.#bytes += unread.bytes;
  }

  /** Lets entries into the buffer, from now on. */
  open(): void {
    this.#isHeld = false;
    this.refill();
  }

  /** An entry that is durable now. */
  add(entry: Entry): void {
    if (this.#events === 0) {
      this.#from = entry.number;
      if (!this.#isHeld && this.#deps.buffer.offer(entry)) {
        this.#from += 1;
        return;
      }
    }
    this.#events += 1;
    this.#bytes += sizeOf(entry);
    if (entry.until !== 'durable')
      this.#waiting.set(entry.number, { ...entry, event: { ...entry.event, line: gone } });
  }

  /** Fills the buffer as far as it has room. If the disk cannot be read it is tried again: never throws. */
  refill(): void {
    if (this.#isHeld || this.#cancelRetry !== undefined || this.#isPaused) return;
    try {
      this.#fill();
      this.#failures = 0;
    } catch (error) {
      const wait = doubling(pace, this.#failures);
      this.#failures += 1;
      this.#cancelRetry = this.#deps.clock.after(wait, () => {
        this.#cancelRetry = undefined;
        this.refill();
      });
      this.#deps.onFailure(error);
    }
  }

  /** Those who wait. What is on the disk stays there. */
  drain(): Entry[] {
    this.#isHeld = true;
    this.#cancelRetry?.();
    this.#events = 0;
    this.#bytes = 0;
    this.#read = new Queue();
    return [...this.#waiting.values()];
  }

  #fill(): void {
    const { reader, buffer } = this.#deps;
    for (let hasRead = false; this.#events > 0; ) {
      const isOut = this.#read.length === 0;
      if (isOut && hasRead) {
        this.#pause();
        return;
      }
      if (isOut) for (const each of reader.read(this.#from)) this.#read.push(each);
      hasRead ||= isOut;
      const next = this.#read.first;
      if (next === undefined) {
        this.#lost();
        return;
      }
      if (next.number < this.#from) {
        this.#read.shift(); // it was read together with others, and went past this way
        continue;
      }
      const entry = toEntry(next, this.#waiting.get(next.number));
      if (!buffer.offer(entry)) return;
      this.#read.shift();
      this.#waiting.delete(next.number);
      this.#from = next.number + 1;
      this.#events -= 1;
      this.#bytes -= sizeOf(entry);
    }
  }

  #pause(): void {
    this.#isPaused = true;
    setImmediate(() => {
      this.#isPaused = false;
      this.refill();
    });
  }

  /** All that can be read was read, and they were not among it. */
  #lost(): void {
    const events = this.#events;
    this.#events = 0;
    this.#bytes = 0;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#deps.onLost(events);
    const message = 'the event was durable, and cannot be read in the spool any more';
    for (const { reject } of waiting)
      reject(new SealtrailError('spool-failed', message, { fate: 'withdrawn' }));
  }
}

const gone = Buffer.alloc(0);
