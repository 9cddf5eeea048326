export const outcomes = ['success', 'failure', 'denied', 'faulty'] as const;
type Outcome = (typeof outcomes)[number];

export interface Bucket {
  /** Epoch ms; it ends where the next one starts. */
  readonly start: number;
  readonly counts: Readonly<Record<Outcome, number>>;
  readonly total: number;
}

/** A count at a time: an event, or an hour's. */
export interface Counted {
  /** Epoch ms. */
  readonly time: number;
  readonly outcome: string;
  readonly count: number;
}

export interface Chart {
  /** Milliseconds of a bucket. */
  readonly step: number;
  readonly buckets: readonly Bucket[];
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
/** Widths that a reader can name. */
const steps = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * 1000),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * minute),
  ...[1, 2, 3, 6, 12].map((n) => n * hour),
  ...[1, 2, 7, 14, 28, 91, 364].map((n) => n * day),
];

/** The finest width, no finer than `finest`, that needs at most `most` buckets. */
export function stepFor(span: number, finest: number, most: number): number {
  const step = steps.find((each) => each >= finest && span / each <= most);
  return step ?? Math.ceil(span / most / day) * day;
}

/**
 * Counts in buckets of one width, without a hole between them.
 *
 * @param range what is shown, where it is known; else from the first to the last count
 * @param finest the width that counts come in: 1 hour of /v1/stats
 */
export function bucketsOf(
  counted: readonly Counted[],
  range: { readonly from: number | undefined; readonly to: number | undefined },
  finest: number,
  most = 72,
): Chart {
  const times = counted.map(({ time }) => time);
  const from = range.from ?? least(times);
  const to = range.to ?? greatest(times) + 1;
  if (!Number.isFinite(from) || !Number.isFinite(to) || to <= from)
    return { step: finest, buckets: [] };
  const step = stepFor(to - from, finest, most);
  const first = Math.floor(from / step);
  const size = Math.ceil(to / step) - first;
  const counts = Array.from({ length: size }, () => ({
    success: 0,
    failure: 0,
    denied: 0,
    faulty: 0,
  }));
  for (const { time, outcome, count } of counted) {
    const bucket = counts[Math.floor(time / step) - first];
    if (bucket !== undefined) bucket[isOutcome(outcome) ? outcome : 'faulty'] += count;
  }
  const buckets = counts.map((each, i) => ({
    start: (first + i) * step,
    counts: each,
    total: outcomes.reduce((sum, name) => sum + each[name], 0),
  }));
  return { step, buckets };
}

function isOutcome(text: string): text is Outcome {
  return (outcomes as readonly string[]).includes(text);
}

/** Not Math.min(...): 100,000 arguments are too many. */
function least(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}

function greatest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
}
