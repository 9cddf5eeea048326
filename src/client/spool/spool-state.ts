import type { Boundary, ChainState, Frame, Owner } from './frame.ts';

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
  /** None before the first grant, and in a spool of a version that did not note it. */
  owner: Owner | undefined;
  chain: ChainState | undefined;
  nextEntry: number;
  nextUnbatched: number;
  /** In the order of logging, by `keyOf`. */
  readonly outstanding: Map<string, Outstanding>;
}

/** What is in a folder, and what is to be done with it. */
export interface Recovered {
  readonly state: SpoolState;
  /** Of the lines of each outstanding batch, with their LF; by `keyOf`. */
  readonly bytesOf: ReadonlyMap<string, number>;
  /** Entries that are in no batch, as far as can be read. */
  readonly unread: { readonly events: number; readonly bytes: number };
  /** Numbers of entries whose boundary is damaged, ascending: they belong in no batch that can be made again. */
  readonly orphans: readonly number[];
}

export function keyOf({ producer, seq }: { producer: string; seq: number }): string {
  return `${producer}/${seq}`;
}

/** The state after one more frame. The same frame may come twice: what is rewritten may be there still. */
export function apply(state: SpoolState, frame: Frame, segment: number): void {
  if (frame.kind === 'entry') state.nextEntry = Math.max(state.nextEntry, frame.number + 1);
  else if (frame.kind === 'owner') state.owner = frame.owner;
  else if (frame.kind === 'delivered') state.outstanding.delete(keyOf(frame));
  else if (frame.kind === 'header') {
    const { owner, chain, nextEntry, nextUnbatched } = frame.header;
    state.owner = owner ?? state.owner;
    state.chain = chain;
    state.nextEntry = Math.max(state.nextEntry, nextEntry);
    state.nextUnbatched = Math.max(state.nextUnbatched, nextUnbatched);
  } else {
    const { batch } = frame;
    state.outstanding.set(keyOf(batch), { batch, segment });
    if (!isNew(batch, state)) return;
    const { producer, client, seq, id, fin, end } = batch;
    state.nextUnbatched = Math.max(state.nextUnbatched, end);
    state.chain = fin ? undefined : { producer, client, seq: seq + 1, prev: id };
  }
}

/** Whether a boundary is the chain's next, and not one that is rewritten: then the header knew it. */
export function isNew({ fin, producer, end }: Boundary, state: SpoolState): boolean {
  return fin ? state.chain?.producer === producer : end > state.nextUnbatched;
}
