import { join } from 'node:path';
import type { SpoolFiles } from './files.ts';
import { type Boundary, type ChainState, decodeFrames, type Frame } from './frame.ts';

/** A file of the spool. */
export interface Segment {
  readonly number: number;
  readonly path: string;
  /** Bytes that count, which are durable; what is behind them was never acknowledged. */
  size: number;
  /** The largest number of an entry in it; -1 without one. */
  lastEntry: number;
  /** What counts of it ends before its file does. */
  isCut: boolean;
  /** Something in it that was durable cannot be read. */
  isDamaged: boolean;
}

/** A batch that is logged and not delivered. */
interface Outstanding {
  readonly batch: Boundary;
  /** Number of the segment that its boundary is in. */
  readonly segment: number;
}

/** What a spool has come to. */
export interface SpoolState {
  /** Ascending. */
  segments: Segment[];
  chain: ChainState | undefined;
  nextEntry: number;
  nextUnbatched: number;
  /** In the order of logging, by `keyOf`. */
  readonly outstanding: Map<string, Outstanding>;
}

const suffix = '.segment';

export function keyOf({ producer, seq }: { producer: string; seq: number }): string {
  return `${producer}/${seq}`;
}

export function segmentPath(folder: string, number: number): string {
  return join(folder, String(number).padStart(12, '0') + suffix);
}

/**
 * Reads what is in a folder: as if whoever wrote it had ended between two frames. The last segment may
 * end in a torn write, which is left out; anything else that cannot be read is damage, and is kept.
 */
export function recover(folder: string, files: SpoolFiles): SpoolState {
  const state: SpoolState = {
    segments: [],
    chain: undefined,
    nextEntry: 0,
    nextUnbatched: 0,
    outstanding: new Map(),
  };
  const numbers = files
    .list(folder)
    .filter((name) => name.endsWith(suffix))
    .map((name) => Number.parseInt(name, 10))
    .sort((a, b) => a - b);
  const cuts = new Map<number, number>();
  for (const number of numbers) {
    const path = segmentPath(folder, number);
    const isLast = number === numbers.at(-1);
    // What the system holds of the last one may not be on the disk, and is about to be relied on.
    if (isLast) files.syncFile(path);
    const bytes = files.read(path, 0, files.size(path));
    const segment = { number, path, size: 0, lastEntry: -1 };
    for (const { frame, end } of decodeFrames(bytes)) {
      segment.size = end;
      if (frame.kind === 'header') for (const cut of frame.header.cuts) cuts.set(...cut);
    }
    const isCut = segment.size < bytes.length;
    state.segments.push({ ...segment, isCut, isDamaged: isCut && !isLast });
  }
  for (const segment of state.segments) {
    const cut = cuts.get(segment.number);
    if (cut !== undefined) {
      segment.isDamaged = segment.size < cut;
      segment.isCut = true;
      segment.size = Math.min(segment.size, cut);
    }
    const bytes = files.read(segment.path, 0, segment.size);
    for (const { frame } of decodeFrames(bytes)) {
      apply(state, frame, segment.number);
      if (frame.kind === 'entry') segment.lastEntry = Math.max(segment.lastEntry, frame.number);
    }
  }
  return state;
}

/** The state after one more frame. The same frame may come twice: what is rewritten may be there still. */
export function apply(state: SpoolState, frame: Frame, segment: number): void {
  if (frame.kind === 'entry') state.nextEntry = Math.max(state.nextEntry, frame.number + 1);
  else if (frame.kind === 'delivered') state.outstanding.delete(keyOf(frame));
  else if (frame.kind === 'header') {
    const { chain, nextEntry, nextUnbatched } = frame.header;
    state.chain = chain;
    state.nextEntry = Math.max(state.nextEntry, nextEntry);
    state.nextUnbatched = Math.max(state.nextUnbatched, nextUnbatched);
  } else {
    const { batch } = frame;
    const { producer, client, seq, id, fin, end } = batch;
    state.outstanding.set(keyOf(batch), { batch, segment });
    if (end < state.nextUnbatched || (state.chain?.producer === producer && seq < state.chain.seq))
      return; // rewritten
    state.nextUnbatched = end;
    state.chain = fin ? undefined : { producer, client, seq: seq + 1, prev: id };
  }
}
