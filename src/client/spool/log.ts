import { doubling } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import type { SpoolStats } from '../stats.ts';
import { encodeFrame, type Frame } from './frame.ts';
import { isFull, Reserve } from './reserve.ts';
import { SegmentWriter, type WriterDeps } from './segment-writer.ts';
import { keyOf, type SpoolState } from './spool-state.ts';

/** Bytes that are written and made durable at once, at most. */
const maxGroup = 4 * 1024 * 1024;
const pace = { baseMs: 100, capMs: 10_000 };

/** A frame to write, and whom to tell. */
export interface Write {
  readonly frame: Frame;
  /**
   * `must`: tried until it is durable. `may`: `settle` is told the error, and what was written of it does
   * not count.
   */
  readonly how: 'must' | 'may';
  readonly settle?: (error?: unknown) => void;
}

interface Pending {
  readonly write: Write;
  readonly bytes: Buffer;
}

interface LogDeps extends WriterDeps {
  readonly clock: Clock;
}

/**
 * Writes frames to segments, in the order of `append`, and settles each once it is durable. Whatever
 * comes while a write is under way shares the next write and its one fsync. On a full disk what must be
 * durable gets the reserve's room; what may be refused is refused for as long as there is no reserve.
 */
export class SegmentLog {
  readonly state: SpoolState;
  readonly #deps: LogDeps;
  readonly #writer: SegmentWriter;
  readonly #reserve: Reserve;
  /** The reserve could not be made, or is spent. Before the first write there need not be one. */
  #isShort = false;
  /** Durable entries in no batch. */
  #unbatched: number;
  #pending: Pending[] = [];
  #pendingBytes = 0;
  #running: Promise<void> | undefined;
  #failures = 0;
  #isStopped = false;
  #cancelRetry = () => {};

  /** `state`: what was recovered. `unread`: how many entries of it are in no batch. */
  constructor(state: SpoolState, unread: number, deps: LogDeps) {
    this.state = state;
    this.#unbatched = unread;
    this.#deps = deps;
    this.#writer = new SegmentWriter(state, deps);
    this.#reserve = new Reserve(deps.folder, deps.files);
  }

  /** On the disk, and waiting to be; the reserve comes on top. */
  get bytes(): number {
    return this.state.segments.reduce((sum, { size }) => sum + size, this.#pendingBytes);
  }

  get counts(): Omit<SpoolStats, 'fsyncs' | 'isOpening'> {
    let events = this.#unbatched;
    for (const { batch } of this.state.outstanding.values()) events += batch.count;
    return { bytes: this.bytes, events, ...this.#writer.counts };
  }

  append(write: Write): void {
    const bytes = encodeFrame(write.frame);
    this.#pending.push({ write, bytes });
    this.#pendingBytes += bytes.length;
    this.#start();
  }

  /**
   * A batch need not be sent again: room may become free, but not before that is durable. Otherwise a
   * loss of power could leave a boundary whose entries are gone.
   */
  delivered({ producer, seq }: { readonly producer: string; readonly seq: number }): void {
    if (!this.state.outstanding.has(keyOf({ producer, seq }))) return;
    const settle = () => this.#writer.release();
    this.append({ frame: { kind: 'delivered', producer, seq }, how: 'must', settle });
  }

  /** Ends once all is written, or the disk fails. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelRetry();
    await this.#running;
    await this.#writer.stop();
  }

  /** Ends now: the folder is another's. What is pending is settled by nobody. */
  halt(): void {
    this.#isStopped = true;
    this.#cancelRetry();
    this.#pending = [];
    this.#pendingBytes = 0;
  }

  #start(): void {
    if (this.#running !== undefined || this.#isStopped) return;
    this.#cancelRetry();
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    // What is appended in the same turn of the event loop shares the write.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#pending.length > 0) {
      let group = this.#takeGroup();
      try {
        if (this.#isShort) group = await this.#withoutReserve(group);
        await this.#commit(group);
        this.#failures = 0;
        for (const { write } of group) write.settle?.();
        if (!this.#reserve.isHeld && !this.#isStopped) await this.#makeReserve();
      } catch (error) {
        this.#failed(group, error);
        const isEased = isFull(error) && (await this.#ease(group));
        if (!isEased && this.#pending.every(({ write }) => write.how !== 'may')) break;
      }
    }
    this.#running = undefined;
    if (this.#pending.length > 0 && !this.#isStopped) {
      const wait = doubling(pace, this.#failures - 1);
      this.#cancelRetry = this.#deps.clock.after(wait, () => this.#start());
    }
  }

  #takeGroup(): Pending[] {
    const most = Math.min(maxGroup, this.#deps.segmentBytes);
    let bytes = 0;
    let count = 0;
    for (const each of this.#pending) {
      if (count > 0 && bytes + each.bytes.length > most) break;
      bytes += each.bytes.length;
      count += 1;
    }
    this.#pendingBytes -= bytes;
    return this.#pending.splice(0, count);
  }

  async #commit(group: readonly Pending[]): Promise<void> {
    if (group.length === 0) return;
    const frames = group.map(({ write }) => write.frame);
    await this.#writer.write(frames, Buffer.concat(group.map(({ bytes }) => bytes)));
    for (const frame of frames) {
      if (frame.kind === 'entry') this.#unbatched += 1;
      if (frame.kind === 'batch') this.#unbatched -= frame.batch.count;
    }
  }

  /** Whoever may be told is told; what must be durable is tried again, before what came after it. */
  #failed(group: readonly Pending[], error: unknown): void {
    this.#failures += 1;
    const kept = group.filter(({ write }) => write.how === 'must');
    this.#pending.unshift(...kept);
    this.#pendingBytes += kept.reduce((sum, { bytes }) => sum + bytes.length, 0);
    this.#deps.onFailure(error);
    this.#refuse(group, error);
  }

  #refuse(group: readonly Pending[], error: unknown): void {
    for (const { write } of group) if (write.how === 'may') write.settle?.(error);
    this.#deps.onRoom();
  }

  /** What of a group is written while there is no reserve: all, if one can be made now. */
  async #withoutReserve(group: Pending[]): Promise<Pending[]> {
    if (group.every(({ write }) => write.how === 'must')) return group;
    const failure = await this.#makeReserve();
    if (failure === undefined) return group;
    this.#refuse(group, failure);
    return group.filter(({ write }) => write.how === 'must');
  }

  /** Answers why it could not be made. */
  async #makeReserve(): Promise<unknown> {
    try {
      if (this.#isShort) await this.#writer.renew();
      await this.#writer.removed();
      await this.#reserve.make();
      this.#isShort = false;
      return undefined;
    } catch (error) {
      this.#isShort = true;
      this.#deps.onFailure(error);
      return error;
    }
  }

  /** Of a group that a full disk did not take; answers whether what is left of it may fit now. */
  async #ease(group: readonly Pending[]): Promise<boolean> {
    const events = group.filter(({ write }) => write.how === 'may').length;
    if (events > 0 && events < group.length) return true; // it is smaller now
    if (events === 0) return this.#spend();
    try {
      await this.#writer.renew();
    } catch (error) {
      if (isFull(error) && (await this.#spend()))
        await this.#writer.renew().catch(this.#deps.onFailure);
    }
    return false;
  }

  async #spend(): Promise<boolean> {
    const isSpent = await this.#reserve.spend();
    if (isSpent) this.#isShort = true;
    return isSpent;
  }
}
