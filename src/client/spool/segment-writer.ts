import type { SpoolStats } from '../stats.ts';
import type { AppendFile, SpoolFiles } from './files.ts';
import { encodeFrame, type Frame } from './frame.ts';
import { liveFrames, lowestLive } from './live.ts';
import { segmentPath } from './recover.ts';
import { apply, type Segment, type SpoolState } from './spool-state.ts';

/** A segment with less in it is not worth a new one, bytes: file systems give room by blocks. */
const worthRenewing = 8 * 1024;
const damaged = '.damaged';

export interface WriterDeps {
  readonly folder: string;
  readonly files: SpoolFiles;
  readonly segmentBytes: number;
  /** The disk failed; it will be tried again. */
  readonly onFailure: (error: unknown) => void;
  /** There are fewer bytes than before. */
  readonly onRoom: () => void;
}

/**
 * Writes to the last segment, begins the next, and removes those that nobody needs. One call at a time.
 * After a failed fsync nobody knows what is on the disk (https://wiki.postgresql.org/wiki/Fsync_Errors),
 * and another would not tell: the segment is abandoned, and what is alive in its durable part is written
 * to a new one.
 */
export class SegmentWriter {
  readonly state: SpoolState;
  readonly #deps: WriterDeps;
  #file: AppendFile | undefined;
  #abandoned: Segment[] = [];
  /** Numbers of files that could not be begun, and that may be there. */
  #unfinished: number[] = [];
  #removing: Promise<void> = Promise.resolve();
  #abandonedEver = 0;
  /** Files put by. */
  #damaged: number;

  /** `state`: what was recovered. Its segments are read from now on, never written. */
  constructor(state: SpoolState, deps: WriterDeps) {
    this.state = state;
    this.#deps = deps;
    this.#damaged = deps.files.list(deps.folder).filter((name) => name.endsWith(damaged)).length;
  }

  get counts(): Pick<SpoolStats, 'segments' | 'abandoned' | 'damaged'> {
    const { segments } = this.state;
    return {
      segments: segments.length,
      abandoned: this.#abandonedEver,
      damaged: this.#damaged + segments.filter(({ isDamaged }) => isDamaged).length,
    };
  }

  /** Rejects if they are not all durable: then none of them counts. */
  async write(frames: readonly Frame[], bytes: Buffer): Promise<void> {
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
    for (const frame of frames) {
      apply(this.state, frame, segment.number);
      if (frame.kind === 'entry') segment.lastEntry = frame.number;
    }
  }

  /** Begins a new segment if nothing in the last one is needed, so that it too can be removed. */
  async renew(): Promise<void> {
    const segment = this.state.segments.at(-1);
    const lowest = lowestLive(this.state);
    if (segment === undefined || segment.size < worthRenewing) return;
    if (segment.lastEntry >= lowest.entry || segment.number >= lowest.segment) return;
    await this.#closeFile();
    await this.#begin();
  }

  /** Lets go of the oldest segments, as far as nothing in them is needed. The last one has the chain. */
  release(): void {
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

  /** Ends once what was let go of is removed. */
  async removed(): Promise<void> {
    await this.#removing;
  }

  async stop(): Promise<void> {
    await this.#removing;
    await this.#closeFile();
  }

  /** The segment to write to, with room for so many bytes unless they are more than all of one. */
  async #current(bytes: number): Promise<{ file: AppendFile; segment: Segment }> {
    const segment = this.state.segments.at(-1);
    if (this.#file !== undefined && segment !== undefined) {
      const hasRoom = segment.size + bytes <= this.#deps.segmentBytes;
      if (hasRoom && !segment.isDamaged) return { file: this.#file, segment };
      await this.#closeFile();
    }
    return this.#begin();
  }

  async #closeFile(): Promise<void> {
    await this.#file?.close().catch(this.#deps.onFailure);
    this.#file = undefined;
  }

  /** A new segment, with what is alive in those that were abandoned. */
  async #begin(): Promise<{ file: AppendFile; segment: Segment }> {
    const { folder, files } = this.#deps;
    const { segments, owner, chain, nextEntry, nextUnbatched } = this.state;
    const number = Math.max(segments.at(-1)?.number ?? 0, this.#unfinished.at(-1) ?? 0) + 1;
    const path = segmentPath(folder, number);
    const cuts = segments
      .filter(({ isCut }) => isCut)
      .map((each): [number, number] => [each.number, each.size])
      .concat(this.#unfinished.map((each) => [each, 0]));
    const header: Frame = {
      kind: 'header',
      header: {
        ...{ v: 1, ...(owner && { owner }), ...(chain && { chain }) },
        ...{ nextEntry, nextUnbatched, cuts },
      },
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
    this.release();
    return { file, segment };
  }

  #abandon(segment: Segment): void {
    segment.isCut = true;
    this.#abandonedEver += 1;
    this.#abandoned.push(segment);
    this.#file?.close().catch(this.#deps.onFailure);
    this.#file = undefined;
  }

  /** What cannot be read is kept beside, for a person to look at. */
  #remove({ path, isDamaged }: Segment): void {
    const { files, onFailure } = this.#deps;
    if (isDamaged) this.#damaged += 1;
    const done = isDamaged ? files.rename(path, path + damaged) : files.remove(path);
    const told = done.catch(onFailure); // at once: an earlier one may take longer than this one to fail
    this.#removing = this.#removing.then(() => told);
  }
}
