import type { SpoolFiles } from './files.ts';
import { decodeFrames, type Frame } from './frame.ts';
import { keyOf, type Segment, type SpoolState } from './recover.ts';

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

/** What must not be lost with these segments: entries and boundaries that are not delivered. */
export function liveFrames(
  segments: readonly Segment[],
  state: SpoolState,
  files: SpoolFiles,
): Frame[] {
  const lowest = lowestLive(state).entry;
  return segments.flatMap(({ path, size }) =>
    [...decodeFrames(files.read(path, 0, size))]
      .map(({ frame }) => frame)
      .filter(
        (frame) =>
          (frame.kind === 'entry' && frame.number >= lowest) ||
          (frame.kind === 'batch' && state.outstanding.has(keyOf(frame.batch))),
      ),
  );
}
