import type { Acknowledged } from './acknowledged.ts';

/** What is known of one producer's batches, from whatever order they were heard of in. */
export interface ProducerState {
  /** The numbers that were seen: ascending runs, with at least one missing number between two of them. */
  readonly runs: readonly Run[];
  /** Numbers that two different batches bear; the lowest ones. */
  readonly doubled: readonly number[];
  /** Numbers whose batch names another predecessor than the one that was seen; the lowest ones. */
  readonly unlinked: readonly number[];
  /** Whether there are more of either than are kept. */
  readonly moreForks: boolean;
  /** Numbers that are missing but of which only the count is kept, since there were too many runs. */
  readonly unlisted: { readonly count: number; readonly since: number } | undefined;
  /** The number of the batch that says it is the last; the lowest if several do. */
  readonly fin: number | undefined;
  /** When the latest batch was stored, epoch ms. */
  readonly lastSeen: number;
  /** What an operator has acknowledged as missing. */
  readonly acknowledged?: readonly Acknowledged[];
}

/** Numbers without a gap. */
interface Run {
  readonly from: number;
  readonly to: number;
  /** Predecessor that the batch `from` names, and the id of the batch `to`; the lowest of several. */
  readonly prev: string | null;
  readonly last: string;
  /** When the first of them was stored, epoch ms: since then everything before them is due. */
  readonly since: number;
}

/** A batch that was stored. It may be heard of any number of times. */
export interface SeenBatch {
  readonly seq: number;
  /** Batch ids. */
  readonly id: string;
  readonly prev: string | null;
  readonly fin: boolean;
  /** Epoch ms. */
  readonly stored: number;
}

/** Bounds of what is kept of a producer: with them a state stays under 150 KB. */
const maxRuns = 1000;
const maxForks = 64;

/**
 * The start of a batch id, kept for every number so that a batch heard of again can be told from another
 * one with its number. 72 bits: to make a second batch with the same mark is as good as impossible.
 */
export function markOf(batchId: string): string {
  return batchId.slice(0, markLength);
}
export const markLength = 12;

/** The marks of a producer's batches by number, as far as they were seen; the first seen of each. */
export type Marks = ReadonlyMap<number, string>;

export const unseen: ProducerState = {
  runs: [],
  doubled: [],
  unlinked: [],
  moreForks: false,
  unlisted: undefined,
  fin: undefined,
  lastSeen: 0,
};

/**
 * The state after hearing of a batch. What it comes to in the end (`judge`) does not depend on the order
 * in which batches are heard of, nor on how often, as long as no bound is hit; where one is, the state says so.
 *
 * @param marks those of `seq` and `seq − 1` at least; that of `seq` is for the caller to add
 */
export function apply(state: ProducerState, batch: SeenBatch, marks: Marks): ProducerState {
  const { seq } = batch;
  const known = marks.get(seq);
  const before = marks.get(seq - 1);
  const at = state.runs.findIndex(({ to }) => to >= seq);
  const run = state.runs[at];
  const isInRun = run !== undefined && run.from <= seq;
  const next = isInRun ? undefined : state.runs.find(({ from }) => from === seq + 1);

  const doubled = known !== undefined && known !== markOf(batch.id) ? [seq] : [];
  const unlinked = [
    ...(before !== undefined && batch.prev !== null && markOf(batch.prev) !== before ? [seq] : []),
    ...(next !== undefined && next.prev !== null && next.prev !== batch.id ? [seq + 1] : []),
  ];
  const forks = { doubled: add(state.doubled, doubled), unlinked: add(state.unlinked, unlinked) };
  const heard = {
    ...state,
    doubled: forks.doubled.slice(0, maxForks),
    unlinked: forks.unlinked.slice(0, maxForks),
    moreForks: state.moreForks || Math.max(forks.doubled.length, forks.unlinked.length) > maxForks,
    fin: batch.fin ? Math.min(batch.seq, state.fin ?? batch.seq) : state.fin,
    lastSeen: Math.max(state.lastSeen, batch.stored),
  };
  if (!isInRun) return bounded({ ...heard, runs: withNumber(state.runs, batch) });
  const runs = state.runs.with(at, again(run, batch));
  // In a run but never seen: a missing number of which only the count was kept.
  const fills = known === undefined && state.unlisted !== undefined;
  return { ...heard, runs, unlisted: fills ? oneLess(state.unlisted) : state.unlisted };
}

function add(numbers: readonly number[], found: readonly number[]): readonly number[] {
  const fresh = found.filter((number) => !numbers.includes(number));
  return fresh.length === 0 ? numbers : [...numbers, ...fresh].sort((a, b) => a - b);
}

/** A run of which one number is heard of again, in the same batch or another one. */
function again(run: Run, { seq, id, prev, stored }: SeenBatch): Run {
  return {
    ...run,
    since: Math.min(run.since, stored),
    last: seq === run.to && id < run.last ? id : run.last,
    prev: seq === run.from && (prev ?? '') < (run.prev ?? '') ? prev : run.prev,
  };
}

/** The runs with one more number, which may join two of them. */
function withNumber(runs: readonly Run[], { seq, id, prev, stored }: SeenBatch): Run[] {
  let place = runs.findIndex(({ from }) => from > seq);
  if (place === -1) place = runs.length;
  const left = runs[place - 1];
  const right = runs[place];
  const joinsLeft = left !== undefined && left.to === seq - 1 ? left : undefined;
  const joinsRight = right !== undefined && right.from === seq + 1 ? right : undefined;
  const joined: Run = {
    from: joinsLeft?.from ?? seq,
    to: joinsRight?.to ?? seq,
    prev: joinsLeft === undefined ? prev : joinsLeft.prev,
    last: joinsRight?.last ?? id,
    since: Math.min(joinsLeft?.since ?? stored, stored, joinsRight?.since ?? stored),
  };
  return [
    ...runs.slice(0, joinsLeft === undefined ? place : place - 1),
    joined,
    ...runs.slice(joinsRight === undefined ? place : place + 1),
  ];
}

/** Joins the two oldest runs if there are too many: what is missing between them is then only counted. */
function bounded(state: ProducerState): ProducerState {
  const [first, second, ...rest] = state.runs;
  if (state.runs.length <= maxRuns || first === undefined || second === undefined) return state;
  return {
    ...state,
    runs: [
      { ...second, from: first.from, prev: first.prev, since: Math.min(first.since, second.since) },
      ...rest,
    ],
    unlisted: {
      count: (state.unlisted?.count ?? 0) + second.from - first.to - 1,
      since: Math.min(state.unlisted?.since ?? second.since, second.since),
    },
  };
}

function oneLess(unlisted: ProducerState['unlisted']): ProducerState['unlisted'] {
  return unlisted === undefined || unlisted.count === 1
    ? undefined
    : { ...unlisted, count: unlisted.count - 1 };
}
