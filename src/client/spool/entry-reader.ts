import type { SpoolFiles } from './files.ts';
import { decodeFrames, maxFrame } from './frame.ts';
import type { Segment } from './recover.ts';

/** Read at once. A frame is always whole in it. */
const windowBytes = Math.max(1024 * 1024, maxFrame);

export interface StoredEntry {
  readonly number: number;
  readonly line: Buffer;
}

/** Reads entries back, in the order of their numbers. */
export class EntryReader {
  readonly #files: SpoolFiles;
  readonly #segments: () => readonly Segment[];
  #at: { readonly segment: number; readonly offset: number } | undefined;

  /** `segments`: those that there are now; they may be replaced by others with the same entries. */
  constructor(files: SpoolFiles, segments: () => readonly Segment[]) {
    this.#files = files;
    this.#segments = segments;
  }

  /** Some of the entries from `from` on; none if no durable one has such a number. Reads go forward only. */
  read(from: number): StoredEntry[] {
    for (const segment of this.#segments()) {
      if (segment.lastEntry < from) continue;
      let offset = this.#at?.segment === segment.number ? this.#at.offset : 0;
      while (offset < segment.size) {
        const length = Math.min(windowBytes, segment.size - offset);
        const found: StoredEntry[] = [];
        let used = 0;
        const window = this.#files.read(segment.path, offset, length);
        for (const { frame, end } of decodeFrames(window)) {
          used = end;
          if (frame.kind === 'entry' && frame.number >= from) found.push(frame);
        }
        if (used === 0) break; // damaged since it was recovered
        offset += used;
        this.#at = { segment: segment.number, offset };
        if (found.length > 0) return found;
      }
    }
    return [];
  }
}
