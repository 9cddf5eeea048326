import type { SpoolFiles } from './files.ts';
import { decodeAt, findFrame, maxFrame, type WholeFrame } from './frame.ts';

/** Read at once: some 2 ms. Every frame is whole in some window. */
export const windowBytes = 1024 * 1024;

export interface ScannedFrame extends WholeFrame {
  /** Something that cannot be read lies right before it: it is damage, as no write ends in the middle. */
  readonly isBehindDamage: boolean;
}

/** Reads the frames of a segment, a window at a time, and goes on behind what cannot be read. */
export class SegmentScan {
  readonly #files: SpoolFiles;
  readonly #path: string;
  #offset = 0;
  #wholeEnd = 0;

  constructor(files: SpoolFiles, path: string) {
    this.#files = files;
    this.#path = path;
  }

  /** The end of the last whole frame. */
  get wholeEnd(): number {
    return this.#wholeEnd;
  }

  /**
   * The frames of the next window that end within `limit`, which is the end of the file or of a frame; undefined
   * once all were given. A later `limit` goes on there. After a read that throws it can be tried again.
   */
  next(limit: number): ScannedFrame[] | undefined {
    const start = this.#offset;
    if (start >= limit) return undefined;
    const asked = Math.min(windowBytes, limit - start);
    const window = this.#files.read(this.#path, start, asked);
    const isEnd = window.length < asked || start + asked === limit;
    const found: ScannedFrame[] = [];
    let at = 0;
    // What is shorter than the longest frame may be whole with the next window.
    while (at < window.length && (isEnd || window.length - at >= maxFrame)) {
      const whole = decodeAt(window, at);
      if (whole !== undefined) {
        found.push(this.#found(whole, start, start + at));
        at = whole.end;
      } else
        at = findFrame(window, at + 1) ?? (isEnd ? window.length : window.length - maxFrame + 1);
    }
    this.#offset = isEnd ? limit : start + at;
    return found;
  }

  #found({ frame, end }: WholeFrame, windowAt: number, start: number): ScannedFrame {
    const isBehindDamage = this.#wholeEnd < start;
    this.#wholeEnd = windowAt + end;
    return { frame, end: this.#wholeEnd, isBehindDamage };
  }
}
