import type { SpoolFiles } from './files.ts';
import { SegmentScan } from './segment-scan.ts';
import type { Segment } from './spool-state.ts';

export interface StoredEntry {
  readonly number: number;
  readonly line: Buffer;
}

/** Reads entries back, in the order of their numbers. */
export class EntryReader {
  readonly #files: SpoolFiles;
  readonly #segments: () => readonly Segment[];
  readonly #onDamage: (segment: Segment) => void;
  #at: { readonly segment: number; readonly scan: SegmentScan } | undefined;

  /**
   * `segments`: those that there are now; they may be replaced by others with the same entries. `onDamage`: one of
   * them cannot be read in part; it is marked.
   */
  constructor(
    files: SpoolFiles,
    segments: () => readonly Segment[],
    onDamage: (segment: Segment) => void = () => {},
  ) {
    this.#files = files;
    this.#segments = segments;
    this.#onDamage = onDamage;
  }

  /**
   * Some of the entries from `from` on; none if none that can be read has such a number. Reads go forward only.
   * Throws what the file system throws; then the same may be asked again.
   */
  read(from: number): StoredEntry[] {
    for (const segment of this.#segments()) {
      if (segment.lastEntry < from) continue;
      const scan = this.#scanOf(segment);
      for (let next = scan.next(segment.size); next !== undefined; next = scan.next(segment.size)) {
        if (next.some(({ isBehindDamage }) => isBehindDamage)) this.#damaged(segment);
        const found = next
          .map(({ frame }) => frame)
          .filter((frame) => frame.kind === 'entry' && frame.number >= from);
        if (found.length > 0) return found as StoredEntry[];
      }
      if (scan.wholeEnd < segment.size) this.#damaged(segment);
    }
    return [];
  }

  #scanOf({ number, path }: Segment): SegmentScan {
    if (this.#at?.segment !== number)
      this.#at = { segment: number, scan: new SegmentScan(this.#files, path) };
    return this.#at.scan;
  }

  #damaged(segment: Segment): void {
    if (segment.isDamaged) return;
    segment.isDamaged = true;
    this.#onDamage(segment);
  }
}
