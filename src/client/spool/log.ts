import { doubling } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import type { AppendFile, SpoolFiles } from './files.ts';
import { encodeFrame, type Frame } from './frame.ts';
import { liveFrames, lowestLive } from './live.ts';
import { apply, keyOf, type Segment, type SpoolState, segmentPath } from './recover.ts';

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

interface LogDeps {
  readonly folder: string;
  readonly files: SpoolFiles;
  readonly clock: Clock;
  readonly segmentBytes: number;
  /** The disk failed; it will be tried again. */
  readonly onFailure: (error: unknown) => void;
  /** There are fewer bytes than before. */
  readonly onRoom: () => void;
}

/**
 * Writes frames to segments, in the order of `append`, and settles each once it is durable. Whatever
 * comes while a write is under way shares the next write and its one fsync. After a failed fsync nobody
 * knows what is on the disk (https://wiki.postgresql.org/wiki/Fsync_Errors), and another would not tell:
 * the segment is abandoned, and what is alive in its durable part is written to a new one.
 */
export class SegmentLog {
  readonly state: SpoolState;
  readonly #deps: LogDeps;
  #file: AppendFile | undefined;
  #abandoned: Segment[] = [];
  /** Numbers of files that could not be begun, and that may be there. */
  #unfinished: number[] = [];
  #pending: { readonly write: Write; readonly bytes: Buffer }[] = [];
  #pendingBytes = 0;
  #running: Promise<void> | undefined;
  #removing: Promise<void> = Promise.resolve();
  #failures = 0;
  #isStopped = false;
  #cancelRetry = () => {};

  /** `state`: what was recovered. Its segments are read from now on, never written. */
  constructor(state: SpoolState, deps: LogDeps) {
    this.state = state;
    this.#deps = deps;
  }

  /** On the disk, and waiting to be. */
  get bytes(): number {
    return this.state.segments.reduce((sum, { size }) => sum + size, this.#pendingBytes);
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
    const settle = () => this.#release();
    this.append({ frame: { kind: 'delivered', producer, seq }, how: 'must', settle });
  }

  /** Ends once all is written, or the disk fails. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelRetry();
    await this.#running;
    await this.#removing;
    await this.#file?.close().catch(this.#deps.onFailure);
    this.#file = undefined;
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
      const group = this.#takeGroup();
      try {
        await this.#commit(group);
        this.#failures = 0;
        for (const { write } of group) write.settle?.();
      } catch (error) {
        this.#failed(group, error);
        if (this.#pending.every(({ write }) => write.how !== 'may')) break;
      }
    }
    this.#running = undefined;
    if (this.#pending.length > 0 && !this.#isStopped) {
      const wait = doubling(pace, this.#failures - 1);
      this.#cancelRetry = this.#deps.clock.after(wait, () => this.#start());
    }
  }

  #takeGroup() {
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

  async #commit(group: readonly { write: Write; bytes: Buffer }[]): Promise<void> {
    const bytes = Buffer.concat(group.map((each) => each.bytes));
    const { file, segment } = await this.#current(bytes.length);
    try {
      await file.append(bytes);
    } catch (error) {
      // Of a full disk too the part that fitted is there.
      await file.truncate(segment.size).catch(() => this.#abandon(segment));
      throw error;
    }
    try {
      await file.sync();
    } catch (error) {
      this.#abandon(segment);
      throw error;
    }
    segment.size += bytes.length;
    for (const { write } of group) {
      apply(this.state, write.frame, segment.number);
      if (write.frame.kind === 'entry') segment.lastEntry = write.frame.number;
    }
  }

  /** The segment to write to, with room for so many bytes unless they are more than all of one. */
  async #current(bytes: number): Promise<{ file: AppendFile; segment: Segment }> {
    const segment = this.state.segments.at(-1);
    if (this.#file !== undefined && segment !== undefined) {
      if (segment.size + bytes <= this.#deps.segmentBytes) return { file: this.#file, segment };
      await this.#file.close().catch(this.#deps.onFailure);
      this.#file = undefined;
    }
    return this.#begin();
  }

  /** A new segment, with what is alive in those that were abandoned. */
  async #begin(): Promise<{ file: AppendFile; segment: Segment }> {
    const { folder, files } = this.#deps;
    const { segments, chain, nextEntry, nextUnbatched } = this.state;
    const number = Math.max(segments.at(-1)?.number ?? 0, this.#unfinished.at(-1) ?? 0) + 1;
    const path = segmentPath(folder, number);
    const cuts = segments
      .filter(({ isCut }) => isCut)
      .map((each): [number, number] => [each.number, each.size])
      .concat(this.#unfinished.map((each) => [each, 0]));
    const header: Frame = {
      kind: 'header',
      header: { v: 1, ...(chain && { chain }), nextEntry, nextUnbatched, cuts },
    };
    const live = liveFrames(this.#abandoned, this.state, files);
    const bytes = Buffer.concat([header, ...live].map(encodeFrame));
    this.#unfinished.push(number); // even what fails may leave a file, and to remove it may fail too
    const file = await files.create(path);
    try {
      await file.append(bytes);
      await file.sync();
      await files.syncFolder(folder);
    } catch (error) {
      await file.close().catch(this.#deps.onFailure);
      await files.remove(path).catch(this.#deps.onFailure);
      throw error;
    }
    this.#unfinished = [];
    const size = bytes.length;
    const lastEntry = Math.max(-1, ...live.map((each) => ('number' in each ? each.number : -1)));
    const segment = { number, path, size, lastEntry, isCut: false, isDamaged: false };
    for (const each of live) if (each.kind === 'batch') apply(this.state, each, number);
    const gone = this.#abandoned;
    this.#abandoned = [];
    this.state.segments = [...segments.filter((each) => !gone.includes(each)), segment];
    for (const each of gone) this.#remove(each);
    this.#file = file;
    this.#release();
    return { file, segment };
  }

  #abandon(segment: Segment): void {
    segment.isCut = true;
    this.#abandoned.push(segment);
    this.#file?.close().catch(this.#deps.onFailure);
    this.#file = undefined;
  }

  /** Whoever may be told is told; what must be durable is tried again, before what came after it. */
  #failed(group: { write: Write; bytes: Buffer }[], error: unknown): void {
    this.#failures += 1;
    const kept = group.filter(({ write }) => write.how === 'must');
    this.#pending.unshift(...kept);
    this.#pendingBytes += kept.reduce((sum, { bytes }) => sum + bytes.length, 0);
    this.#deps.onFailure(error);
    for (const { write } of group) if (write.how === 'may') write.settle?.(error);
    this.#deps.onRoom();
  }

  /** Lets go of the oldest segments, as far as nothing in them is needed. The last one has the chain. */
  #release(): void {
    const { segments } = this.state;
    const lowest = lowestLive(this.state);
    let count = 0;
    for (const { number, lastEntry } of segments.slice(0, -1)) {
      if (lastEntry >= lowest.entry || number >= lowest.segment) break;
      count += 1;
    }
    const gone = segments.slice(0, count);
    if (gone.length === 0) return;
    this.state.segments = segments.slice(count);
    this.#abandoned = this.#abandoned.filter((each) => !gone.includes(each));
    for (const each of gone) this.#remove(each);
    this.#deps.onRoom();
  }

  /** What cannot be read is kept beside, for a person to look at. */
  #remove({ path, isDamaged }: Segment): void {
    const { files, onFailure } = this.#deps;
    const done = isDamaged ? files.rename(path, `${path}.damaged`) : files.remove(path);
    this.#removing = this.#removing.then(() => done).catch(onFailure);
  }
}
