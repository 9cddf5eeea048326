import { join } from 'node:path';
import type { SpoolFiles } from './files.ts';
import { decodeAt, maxFrame, wasWhole } from './frame.ts';
import { Lineage } from './lineage.ts';
import { SegmentScan, windowBytes } from './segment-scan.ts';
import { apply, type Recovered, type Segment, type SpoolState } from './spool-state.ts';

const suffix = '.segment';

export function segmentPath(folder: string, number: number): string {
  return join(folder, String(number).padStart(12, '0') + suffix);
}

/** Numbers of the segments in a folder, ascending. */
export function segmentNumbers(folder: string, files: SpoolFiles): number[] {
  return files
    .list(folder)
    .filter((name) => name.endsWith(suffix))
    .map((name) => Number.parseInt(name, 10))
    .sort((a, b) => a - b);
}

/** `recovering`, at once. */
export function recover(folder: string, files: SpoolFiles): Recovered {
  const steps = recovering(folder, files);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/**
 * Reads what is in a folder, with a pause after each window, which tells the bytes read: as if whoever wrote it had ended between two
 * frames. The last segment may end in a torn write, which is left out. Anything else that cannot be read is
 * damage: what is whole around it counts, and where it may have held the end of the chain, none goes on.
 */
export function* recovering(folder: string, files: SpoolFiles): Generator<number, Recovered> {
  const state: SpoolState = {
    ...{ segments: [], owner: undefined, chain: undefined },
    ...{ nextEntry: 0, nextUnbatched: 0, outstanding: new Map() },
  };
  const numbers = segmentNumbers(folder, files);
  const cuts = yield* readCuts(numbers, folder, files);
  const lineage = new Lineage();
  // What the system holds of the last one may not be on the disk, and is about to be relied on.
  const last = numbers.at(-1);
  if (last !== undefined) files.syncFile(segmentPath(folder, last));
  /** Segments behind whose last whole frame nothing whole was found yet. */
  const ended: Ended[] = [];
  for (const number of numbers) {
    const path = segmentPath(folder, number);
    const length = files.size(path);
    const cut = cuts.get(number);
    const size = Math.min(length, cut ?? length);
    const segment: Segment = {
      ...{ number, path, size, lastEntry: -1 },
      ...{ isCut: cut !== undefined, isDamaged: false },
    };
    if (length < (cut ?? 0)) damage(segment, lineage);
    state.segments.push(segment);
    const scan = new SegmentScan(files, path);
    for (let next = scan.next(size); next !== undefined; next = scan.next(size)) {
      if (next.length > 0)
        for (const each of ended.splice(0)) judgeTail(each, false, lineage, files);
      for (const { frame, isBehindDamage } of next) {
        if (isBehindDamage) damage(segment, lineage);
        lineage.add(frame, state);
        apply(state, frame, number);
        if (frame.kind === 'entry') segment.lastEntry = Math.max(segment.lastEntry, frame.number);
      }
      yield Math.min(windowBytes, size);
    }
    ended.push({ segment, wholeEnd: scan.wholeEnd });
  }
  for (const each of ended) judgeTail(each, true, lineage, files);
  return { state, ...lineage.end(state) };
}

interface Ended {
  readonly segment: Segment;
  readonly wholeEnd: number;
}

/**
 * What of a segment lies behind its last whole frame. A write may have been torn only where nothing was
 * written later, and where no later header has said how much counts.
 */
function judgeTail(
  { segment, wholeEnd }: Ended,
  isLast: boolean,
  lineage: Lineage,
  files: SpoolFiles,
): void {
  if (wholeEnd === segment.size) return;
  const tail = () =>
    files.read(segment.path, wholeEnd, Math.min(segment.size - wholeEnd, maxFrame));
  if (isLast && !segment.isCut && (segment.size - wholeEnd > maxFrame || !wasWhole(tail()))) {
    segment.isCut = true;
    segment.size = wholeEnd;
  } else damage(segment, lineage);
}

function damage(segment: Segment, lineage: Lineage): void {
  segment.isDamaged = true;
  lineage.damaged();
}

/** What headers say of other segments. One that was cut to nothing has nothing to say. */
function* readCuts(
  numbers: readonly number[],
  folder: string,
  files: SpoolFiles,
): Generator<number, Map<number, number>> {
  const cuts = new Map<number, number>();
  for (const number of numbers.toReversed()) {
    if (cuts.get(number) === 0) continue;
    const bytes = files.read(segmentPath(folder, number), 0, maxFrame);
    const first = decodeAt(bytes, 0)?.frame;
    if (first?.kind === 'header')
      for (const [other, size] of first.header.cuts) if (!cuts.has(other)) cuts.set(other, size);
    yield bytes.length;
  }
  return cuts;
}
