import type { SpoolFiles } from './files.ts';
import type { Frame } from './frame.ts';
import { SegmentScan } from './segment-scan.ts';
import { keyOf, type Segment, type SpoolState } from './spool-state.ts';

/**
 * The oldest that is needed: number of an entry, and of a segment with a boundary. Batches are logged in
 * the order of their entries, and stay in it when they are rewritten: so the first has both.
 */
export function lowestLive(state: SpoolState): {
  readonly entry: number;
  readonly segment: number;
} {
  const [oldest] = state.outstanding.values();
  return oldest === undefined
    ? { entry: state.nextUnbatched, segment: Number.POSITIVE_INFINITY }
    : { entry: oldest.batch.first, segment: oldest.segment };
}

/**
 * What must not be lost with these segments: boundaries that are not delivered, their entries, and entries that
 * are in no batch; and deliveries, while other segments are kept, since their boundaries may lie there, and entries
 * that these name may be gone. What cannot be read is marked as damage.
 */
export function liveFrames(
  segments: readonly Segment[],
  state: SpoolState,
  files: SpoolFiles,
): Frame[] {
  const isLive = liveEntries(state);
  const isAlone = state.segments.every((each) => segments.includes(each));
  return segments.flatMap((segment) =>
    framesOf(segment, files).filter(
      (frame) =>
        (frame.kind === 'entry' && isLive(frame.number)) ||
        (frame.kind === 'delivered' && !isAlone) ||
        (frame.kind === 'batch' && state.outstanding.has(keyOf(frame.batch))),
    ),
  );
}

/** Asked in ascending order of numbers. */
function liveEntries({ outstanding, nextUnbatched }: SpoolState): (number: number) => boolean {
  const ranges = [...outstanding.values()].map(({ batch }) => batch);
  let at = 0;
  let last = -1;
  return (number) => {
    if (number < last) at = 0;
    last = number;
    while (at < ranges.length && (ranges[at]?.end ?? 0) <= number) at += 1;
    return number >= nextUnbatched || number >= (ranges[at]?.first ?? Number.POSITIVE_INFINITY);
  };
}

function framesOf(segment: Segment, files: SpoolFiles): Frame[] {
  const scan = new SegmentScan(files, segment.path);
  const frames: Frame[] = [];
  for (let next = scan.next(segment.size); next !== undefined; next = scan.next(segment.size))
    for (const { frame, isBehindDamage } of next) {
      segment.isDamaged ||= isBehindDamage;
      frames.push(frame);
    }
  segment.isDamaged ||= scan.wholeEnd < segment.size;
  return frames;
}
