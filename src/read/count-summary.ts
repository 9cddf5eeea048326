import type { Filter } from '../domain/query.ts';
import type { Summary } from '../store/batch-store.ts';
import { type Cell, hourMs, unpackCounts } from '../store/counts.ts';
import { mayContain } from '../store/terms.ts';

/**
 * Why counts may be off. `edges`: batches that lie over an end of the range; `filter`: the index says only that a
 * batch may hold what is filtered for; `overflow`: actions too rare to be counted by name in their batch; `faults`:
 * lines that are no valid event, which are counted apart; `retention`: expired, and not counted; `holes`: batches that are
 * not what was sealed, and not counted.
 */
export const doubts = ['edges', 'filter', 'overflow', 'faults', 'retention', 'holes'] as const;
export type Doubt = (typeof doubts)[number];

/** What is counted. */
export interface CountQuery {
  /** Epoch ms: `from` ≤ time < `to`. */
  readonly from: number;
  readonly to: number;
  readonly filter: Filter;
  readonly byAction: boolean;
}

export interface SummaryCount {
  /** Never too few: what is in doubt is counted too. */
  readonly cells: readonly Cell[];
  readonly faults: number;
  /** How many of the events counted are in doubt, by reason. */
  readonly doubtful: ReadonlyMap<Doubt, number>;
}

/** Counts a batch by what the consumer noted of it, without its body; undefined where that is missing or cannot be read. */
export function countSummary(summary: Summary, query: CountQuery): SummaryCount | undefined {
  const noted =
    summary.counts === undefined ? undefined : unpackCounts(summary.counts, summary.from);
  if (noted === undefined || Number.isNaN(summary.from) || Number.isNaN(summary.to))
    return undefined;
  const doubtful = new Map<Doubt, number>();
  const doubt = (why: Doubt, count: number) => {
    if (count > 0) doubtful.set(why, (doubtful.get(why) ?? 0) + count);
  };
  const { cells, faults } = noted;
  const counted: Cell[] = [];
  for (const cell of cells) {
    const place = placeOf(cell.hour, summary, query);
    const match = matchOf(cell, cells, summary, query.filter);
    if (place === 'out' || match === 'no') continue;
    counted.push(cell);
    if (place === 'edge') doubt('edges', cell.count);
    if (match === 'perhaps') doubt('filter', cell.count);
    if (cell.action === undefined && (match === 'unnamed' || query.byAction))
      doubt('overflow', cell.count);
  }
  let faulty = 0;
  for (const { hour, count } of faults) {
    const place = placeOf(hour, summary, query);
    if (place !== 'out') faulty += count;
    if (place === 'edge') doubt('edges', count);
  }
  doubt('faults', faulty);
  return { cells: counted, faults: faulty, doubtful };
}

/** Whether a batch's events of one hour lie in the range. A batch within an hour says exactly from when to when. */
function placeOf(hour: number, batch: Summary, { from, to }: CountQuery): 'in' | 'out' | 'edge' {
  const first = Math.max(hour, batch.from);
  const last = Math.min(hour + hourMs - 1, batch.to);
  if (last < from || first >= to) return 'out';
  return first >= from && last < to ? 'in' : 'edge';
}

type Match = 'yes' | 'no' | 'perhaps' | 'unnamed';

function matchOf(cell: Cell, all: readonly Cell[], { terms }: Summary, filter: Filter): Match {
  let match: Match = 'yes';
  for (const alternatives of filter) {
    if (isAbout('outcome:', alternatives)) {
      if (!alternatives.includes(`outcome:${cell.outcome}`)) return 'no';
    } else if (!isAbout('action:', alternatives)) {
      // A batch with a faulty line is looked at whatever the index says of the others.
      if (!mayHold(terms, alternatives)) return 'no';
      match = 'perhaps';
    } else if (cell.action !== undefined) {
      if (!alternatives.includes(`action:${cell.action}`)) return 'no';
    } else {
      const unnamed = alternatives.filter(
        (term) => !all.some(({ action }) => term === `action:${action}`),
      );
      if (!mayHold(terms, unnamed)) return 'no';
      if (match === 'yes') match = 'unnamed';
    }
  }
  return match;
}

function isAbout(prefix: string, alternatives: readonly string[]): boolean {
  return alternatives.every((term) => term.startsWith(prefix));
}

function mayHold(bloom: Uint8Array | undefined, terms: readonly string[]): boolean {
  return bloom === undefined || terms.some((term) => mayContain(bloom, term));
}
