import { limits } from '../domain/limits.ts';
import type { Clock } from './clock.ts';
import { type Draft, draftOf } from './draft.ts';
import { type Entry, sizeOf } from './entry.ts';
import type { Settings } from './options.ts';
import { Queue } from './queue.ts';

type Bounds = Pick<
  Settings,
  'lingerMs' | 'maxBatchEvents' | 'maxBatchBytes' | 'maxBufferEvents' | 'maxBufferBytes' | 'onFull'
>;

/**
 * Holds what is recorded and not yet accepted, within bounds, and cuts it into drafts by count, bytes,
 * age and span of event time. Nothing is ever dropped: beyond the bounds as many again wait in line, and
 * others are refused before they are in. Order is kept throughout.
 */
export class EventBuffer {
  readonly #bounds: Bounds;
  readonly #clock: Clock;
  readonly #onDraft: () => void;
  readonly #waiting = new Queue<Entry>();
  #waitingBytes = 0;
  #drafts = new Queue<Draft>();
  #open: Draft | undefined;
  #cancelLinger = () => {};
  #flushThrough = -1;
  #events = 0;
  #bytes = 0;

  /** `onDraft` is called whenever there is one more draft to take. */
  constructor(bounds: Bounds, clock: Clock, onDraft: () => void) {
    this.#bounds = bounds;
    this.#clock = clock;
    this.#onDraft = onDraft;
  }

  /** Not yet accepted: events and their bytes, with those that wait for room, and those in flight. */
  get pending(): { events: number; bytes: number } {
    const events = this.#events + this.#waiting.length;
    return { events, bytes: this.#bytes + this.#waitingBytes };
  }

  get isEmpty(): boolean {
    return this.#events === 0 && this.#waiting.length === 0;
  }

  /** The number of the first entry that no draft taken from here has. */
  get oldest(): number | undefined {
    const draft = this.#drafts.first ?? this.#open;
    return (draft?.entries[0] ?? this.#waiting.first)?.number;
  }

  /** What is here, in no particular order. */
  *[Symbol.iterator](): Generator<Entry> {
    for (const { entries } of this.#drafts) yield* entries;
    yield* this.#open?.entries ?? [];
    yield* this.#waiting;
  }

  /** Takes an entry in, or lets it wait for room; false if it is full and to reject, or too many wait. */
  add(entry: Entry): boolean {
    if (this.#waiting.length === 0 && this.#hasRoom(entry)) {
      this.#admit(entry);
      return true;
    }
    if (this.#bounds.onFull === 'reject' || entry.failClosed || this.#isLineFull(entry))
      return false;
    this.#wait(entry);
    this.#cut(); // room comes only from what is sent: do not linger
    return true;
  }

  /** Takes an entry in if there is room now; whoever is refused comes again when there is. */
  offer(entry: Entry): boolean {
    if (this.#hasRoom(entry)) this.#admit(entry);
    else {
      this.#cut();
      return false;
    }
    return true;
  }

  /** Takes an entry back; false if it is in a draft that was taken, or waits for room. */
  withdraw(entry: Entry): boolean {
    const drafts = [...this.#drafts, ...(this.#open ? [this.#open] : [])];
    const draft = drafts.find(({ entries }) => entries.includes(entry));
    if (draft === undefined) return false;
    const left = draft.entries.filter((each) => each !== entry);
    const rest = left.length === 0 ? [] : [draftOf(left)];
    if (draft === this.#open) {
      this.#open = rest[0];
      if (this.#open === undefined) this.#cancelLinger();
    } else
      for (const each of this.#drafts.drain())
        for (const kept of each === draft ? rest : [each]) this.#drafts.push(kept);
    this.release(1, sizeOf(entry));
    return true;
  }

  /** Whether so much more can be adopted. */
  hasRoomFor(events: number, bytes: number): boolean {
    if (this.#events === 0) return true;
    const { maxBufferEvents, maxBufferBytes } = this.#bounds;
    return this.#events + events <= maxBufferEvents && this.#bytes + bytes <= maxBufferBytes;
  }

  /** Counts what is in batches already, until `release`. */
  adopt(events: number, bytes: number): void {
    this.#events += events;
    this.#bytes += bytes;
  }

  /** The oldest draft, to be numbered and sent. Its entries count as pending until `release`. */
  take(): Draft | undefined {
    return this.#drafts.shift();
  }

  /** Makes room: these were accepted. */
  release(events: number, bytes: number): void {
    this.#events -= events;
    this.#bytes -= bytes;
    for (let next = this.#waiting.first; next && this.#hasRoom(next); next = this.#waiting.first) {
      this.#waiting.shift();
      this.#waitingBytes -= sizeOf(next);
      this.#admit(next);
    }
    if (this.#waiting.length > 0) this.#cut();
  }

  /** Does not linger with anything up to and including this entry. */
  flush(through: number): void {
    this.#flushThrough = through;
    this.#cut();
  }

  /**
   * Changes entries, or lets go of those for which `change` is false, and cuts everything anew: a draft's
   * span may be another.
   */
  revise(change: (entry: Entry) => boolean): void {
    this.#waitingBytes = 0;
    for (const entry of this.#waiting.drain()) if (change(entry)) this.#wait(entry);
    const drafts = this.#drafts.drain();
    const open = this.#open;
    this.#open = undefined;
    for (const entry of [...drafts, ...(open ? [open] : [])].flatMap((draft) => draft.entries)) {
      if (change(entry)) {
        this.#place(entry);
        continue;
      }
      this.#events -= 1;
      this.#bytes -= sizeOf(entry);
    }
    if (drafts.length > 0) this.#cut(); // some were complete, perhaps for a flush
    this.release(0, 0); // there may be room now
  }

  /** Takes everything that was not taken, to be rejected. */
  drain(): Entry[] {
    this.#cancelLinger();
    const drafts = [...this.#drafts.drain(), ...(this.#open ? [this.#open] : [])];
    this.#open = undefined;
    const entries = [...drafts.flatMap((draft) => draft.entries), ...this.#waiting.drain()];
    this.#events = 0;
    this.#bytes = 0;
    this.#waitingBytes = 0;
    return entries;
  }

  /** One event always has room in an empty buffer, however small the bounds. */
  #hasRoom(entry: Entry): boolean {
    if (this.#events === 0) return true;
    const bytes = this.#bytes + sizeOf(entry);
    return this.#events < this.#bounds.maxBufferEvents && bytes <= this.#bounds.maxBufferBytes;
  }

  /** As many wait as there is room for. */
  #isLineFull(entry: Entry): boolean {
    if (this.#waiting.length === 0) return false;
    const { maxBufferEvents, maxBufferBytes } = this.#bounds;
    const bytes = this.#waitingBytes + sizeOf(entry);
    return this.#waiting.length >= maxBufferEvents || bytes > maxBufferBytes;
  }

  #wait(entry: Entry): void {
    this.#waiting.push(entry);
    this.#waitingBytes += sizeOf(entry);
  }

  #admit(entry: Entry): void {
    this.#events += 1;
    this.#bytes += sizeOf(entry);
    this.#place(entry);
    if (entry.number === this.#flushThrough) this.#cut();
  }

  #place(entry: Entry): void {
    const { time } = entry.event;
    const size = sizeOf(entry);
    if (this.#open !== undefined && !this.#fits(this.#open, time, size)) this.#cut();
    if (this.#open === undefined) {
      this.#open = { entries: [entry], bytes: size, from: time, to: time };
      this.#cancelLinger();
      this.#cancelLinger = this.#clock.after(this.#bounds.lingerMs, () => this.#cut());
    } else {
      this.#open.entries.push(entry);
      this.#open.bytes += size;
      this.#open.from = Math.min(this.#open.from, time);
      this.#open.to = Math.max(this.#open.to, time);
    }
    const { maxBatchEvents, maxBatchBytes } = this.#bounds;
    if (this.#open.entries.length >= maxBatchEvents || this.#open.bytes >= maxBatchBytes)
      this.#cut();
  }

  #fits(draft: Draft, time: number, size: number): boolean {
    const span = Math.max(draft.to, time) - Math.min(draft.from, time);
    return span <= limits.spanMs && draft.bytes + size <= this.#bounds.maxBatchBytes;
  }

  /** The open draft is complete. */
  #cut(): void {
    if (this.#open === undefined) return;
    this.#cancelLinger();
    this.#drafts.push(this.#open);
    this.#open = undefined;
    this.#onDraft();
  }
}
