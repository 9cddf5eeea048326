import { type Acknowledged, acknowledgedBy } from './acknowledged.ts';
import type { ProducerState } from './producer.ts';
import { timeOfUuid } from './uuid.ts';

/** Numbers that are missing, both ends included. */
interface Gap {
  readonly from: number;
  readonly to: number;
  /** When a batch behind it was stored, epoch ms. */
  readonly since: number;
  /** An operator has looked into it: it is shown, and alarms nobody. */
  readonly acknowledged?: Acknowledged;
}

/** What a producer's state comes to. */
export interface Verdict {
  /** The last batch up to which nothing is missing. */
  readonly head: { readonly seq: number; readonly id: string } | undefined;
  /** What is missing, and may still come. */
  readonly gaps: readonly Gap[];
  /** Missing numbers that are not in `gaps`, since there were too many of those. */
  readonly unlisted: { readonly count: number; readonly since: number } | undefined;
  /** What is missing because retention has taken it, or would have by now: not a gap. */
  readonly expired: readonly Gap[];
  /** Numbers that two batches bear, or whose batch follows another one than was seen. */
  readonly forks: readonly number[];
  readonly moreForks: boolean;
  /** The number of its last batch, once it has said so. */
  readonly fin: number | undefined;
  /** `unfinished`: silent for so long that its last grant has been over for an hour, without a `fin`. */
  readonly status: 'open' | 'finished' | 'unfinished';
  /** Epoch ms. */
  readonly lastSeen: number;
}

/** A grant lives an hour at most: after one more, whoever had it has had time to say that it ends. */
const unfinishedAfterMs = 2 * 3_600_000;
/** One that is unfinished is shown for ever, but counted for a day: it will hardly come back. */
const watchedMs = 26 * 3_600_000;
const dayMs = 86_400_000;

export interface JudgeOptions {
  readonly producer: string;
  readonly retentionDays: number;
  /** Epoch ms. */
  readonly now: number;
}

/** Pure: the same for the same batches, in whatever order they were heard of. */
export function judge(state: ProducerState, options: JudgeOptions): Verdict {
  const keptSince = options.now - options.retentionDays * dayMs;
  const all = gapsOf(state);
  const isExpired = (gap: Gap) => gap.since <= keptSince || isBeforeMemory(gap, options);
  const gaps = all.filter((gap) => !isExpired(gap)).map((gap) => withWords(gap, state));
  const { unlisted, fin, lastSeen, moreForks } = state;
  return {
    head: headOf(state, gaps[0]),
    gaps,
    unlisted: unlisted !== undefined && unlisted.since > keptSince ? unlisted : undefined,
    expired: all.filter(isExpired),
    forks: forksOf(state),
    moreForks,
    fin,
    status:
      fin !== undefined
        ? 'finished'
        : lastSeen + unfinishedAfterMs <= options.now
          ? 'unfinished'
          : 'open',
    lastSeen,
  };
}

/** Whether a producer may come to need attention, or needs it, without being heard of again. */
export function needsWatch({ gaps, unlisted, fin, lastSeen }: Verdict, now: number): boolean {
  const mayBeUnfinished = fin === undefined && lastSeen + watchedMs > now;
  const isOpen = gaps.some(({ acknowledged }) => acknowledged === undefined);
  return mayBeUnfinished || isOpen || unlisted !== undefined;
}

function withWords(gap: Gap, { acknowledged = [] }: ProducerState): Gap {
  const found = acknowledgedBy(gap, acknowledged);
  return found === undefined ? gap : { ...gap, acknowledged: found };
}

/** Each is due since the first batch behind it was stored, in whatever run that is. */
function gapsOf({ runs }: ProducerState): Gap[] {
  const gaps: Gap[] = [];
  let since = Number.POSITIVE_INFINITY;
  for (let i = runs.length - 1; i >= 0; i--) {
    const run = runs[i];
    const before = runs[i - 1];
    if (run === undefined) continue;
    since = Math.min(since, run.since);
    const from = before === undefined ? 0 : before.to + 1;
    if (from < run.from) gaps.unshift({ from, to: run.from - 1, since });
  }
  return gaps;
}

/**
 * Whether it may be that the feed no longer tells of these first batches: when the first one behind them was
 * stored, the producer was already older than what is kept.
 */
function isBeforeMemory({ from, since }: Gap, { producer, retentionDays }: JudgeOptions): boolean {
  return from === 0 && timeOfUuid(producer) + retentionDays * dayMs <= since;
}

function headOf({ runs, unlisted }: ProducerState, firstGap: Gap | undefined): Verdict['head'] {
  if (unlisted !== undefined) return undefined;
  const run = runs.findLast(({ to }) => firstGap === undefined || to < firstGap.from);
  return run && { seq: run.to, id: run.last };
}

/** A batch beside a doubled number cannot follow, or be followed by, both: that is not another fork. */
function forksOf({ doubled, unlinked }: ProducerState): number[] {
  const numbers = new Set(doubled);
  const others = unlinked.filter((seq) => !numbers.has(seq) && !numbers.has(seq - 1));
  return [...doubled, ...others].sort((a, b) => a - b);
}
