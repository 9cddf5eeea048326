import { type Entry, sizeOf } from '../entry.ts';
import type { Settings } from '../options.ts';
import { Queue } from '../queue.ts';
import { entryFrameSize } from './frame.ts';

interface AdmissionDeps {
  /** What the spool takes of the disk, and is about to. */
  readonly usedBytes: () => number;
  /** Hands an entry to the log; `settled` is called for each, in this order. */
  readonly write: (entry: Entry, how: 'may' | 'must') => void;
}

/**
 * Entries that are not durable yet: some are being written, and some wait for room, on the disk or among those that
 * are being written. Each of the two holds `maxBufferEvents` and `maxBufferBytes` at most.
 */
export class Admission {
  readonly #settings: Settings & { readonly spool: NonNullable<Settings['spool']> };
  readonly #deps: AdmissionDeps;
  readonly #writing = new Queue<Entry>();
  readonly #waiting = new Queue<Entry>();
  #writingBytes = 0;
  #waitingBytes = 0;
  /** Nothing is written before the spool is read. */
  #isOpen = false;

  constructor(
    settings: Settings & { readonly spool: NonNullable<Settings['spool']> },
    deps: AdmissionDeps,
  ) {
    this.#settings = settings;
    this.#deps = deps;
  }

  get pending(): { readonly events: number; readonly bytes: number } {
    return {
      events: this.#writing.length + this.#waiting.length,
      bytes: this.#writingBytes + this.#waitingBytes,
    };
  }

  get oldest(): number | undefined {
    return (this.#writing.first ?? this.#waiting.first)?.number;
  }

  /** False if it is full and to reject. */
  add(entry: Entry): boolean {
    const hasRoom = this.#waiting.length === 0 && this.#isOpen && this.#hasRoom(entry);
    if (hasRoom) {
      this.#write(entry);
      return true;
    }
    const { maxBufferEvents, maxBufferBytes, onFull } = this.#settings;
    const mustReject = this.#isOpen && (onFull === 'reject' || entry.failClosed);
    const isFull =
      this.#waiting.length >= maxBufferEvents ||
      (this.#waiting.length > 0 && this.#waitingBytes + sizeOf(entry) > maxBufferBytes);
    if (mustReject || isFull) return false;
    this.#waiting.push(entry);
    this.#waitingBytes += sizeOf(entry);
    return true;
  }

  /** Written whatever room there is: it was durable before. */
  force(entry: Entry): void {
    this.#write(entry, 'must');
  }

  open(): void {
    this.#isOpen = true;
    this.admit();
  }

  /** There may be room. */
  admit(): void {
    if (!this.#isOpen) return;
    for (let next = this.#waiting.first; next && this.#hasRoom(next); next = this.#waiting.first) {
      this.#waiting.shift();
      this.#waitingBytes -= sizeOf(next);
      this.#write(next);
    }
  }

  /** The oldest that is being written is durable, or refused. */
  settled(): void {
    const entry = this.#writing.shift();
    if (entry !== undefined) this.#writingBytes -= sizeOf(entry);
    this.admit();
  }

  drain(): Entry[] {
    this.#writingBytes = 0;
    this.#waitingBytes = 0;
    return [...this.#writing.drain(), ...this.#waiting.drain()];
  }

  /** Boundaries come on top. A segment is an eighth, so when all is delivered there is room for any entry. */
  #hasRoom(entry: Entry): boolean {
    const { spool, maxBufferEvents, maxBufferBytes } = this.#settings;
    if (this.#deps.usedBytes() + entryFrameSize(entry.event.line) > spool.maxBytes) return false;
    if (this.#writing.length === 0) return true;
    const bytes = this.#writingBytes + sizeOf(entry);
    return this.#writing.length < maxBufferEvents && bytes <= maxBufferBytes;
  }

  #write(entry: Entry, how: 'may' | 'must' = 'may'): void {
    this.#writing.push(entry);
    this.#writingBytes += sizeOf(entry);
    this.#deps.write(entry, how);
  }
}
