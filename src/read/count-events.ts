import type { Start, Summary } from '../store/batch-store.ts';
import { dayMs, hourOf } from '../store/counts.ts';
import { type EventQuery, isBeyond, isWanted, rangeOf } from './choose-batch.ts';
import { countSummary, type Doubt } from './count-summary.ts';
import { openBatch } from './open-batch.ts';
import type { PageOptions } from './page-events.ts';
import { Scan } from './scan.ts';

/** What events are counted by. Hours and days are UTC, as epoch ms of their start. */
export const dimensions = ['action', 'outcome', 'hour', 'day'] as const;
export type Dimension = (typeof dimensions)[number];

export interface StatsQuery extends EventQuery {
  readonly by: readonly Dimension[];
  /** Whether bodies are read wherever the summaries leave a doubt. */
  readonly exact: boolean;
}

/** Of each dimension asked for its value; null: of an action that was not counted by name. */
type Group = Partial<Record<Dimension, string | number | null>>;

export interface StatsPage {
  readonly groups: readonly { readonly group: Group; readonly count: number }[];
  /** Lines that are no valid event. */
  readonly faulty: number;
  readonly doubtful: ReadonlyMap<Doubt, number>;
  /** Where to go on, if the budget did not reach. */
  readonly next: Start | undefined;
}

/** Some 70 bytes each in the answer. */
const maxGroups = 20_000;
/** Bodies that are read at once. */
const company = 16;

/** Counts batches, newest first, each once over all pages, until the budget is spent. */
export async function countEvents(query: StatsQuery, options: PageOptions): Promise<StatsPage> {
  const { reader, grants, budget, now } = options;
  const scan = new Scan(reader, query.tenant, rangeOf(query), options.pageSize);
  const tally = new Tally(query);
  const byAction = query.by.includes('action');
  const unread: Summary[] = [];
  let bytes = 0;
  const isSpent = () =>
    scan.queries > 0 &&
    (scan.read + 10 * scan.queries >= budget.summaries ||
      bytes >= budget.bytes ||
      tally.groups >= maxGroups ||
      now() >= budget.deadline);

  async function readBodies(): Promise<void> {
    const records = await reader.records(query.tenant, unread.splice(0));
    for (const record of records) {
      bytes += record.record.length;
      const lines = (await openBatch(query.tenant, record, grants))(query.filter);
      for (const { time, event } of lines) {
        if (time < query.from || time >= query.to) continue;
        if (event !== undefined) tally.add({ hour: hourOf(time), ...event }, 1);
        else if (query.strict !== true) tally.addFaults(1);
      }
    }
  }

  for (;;) {
    const next = await scan.peek(() => !isSpent());
    const summary = typeof next === 'string' || isBeyond(next, query) ? undefined : next;
    if (summary === undefined || unread.length >= company) {
      if (unread.length > 0) await readBodies();
      if (summary === undefined) return tally.page(next === 'unknown' ? scan.frontier : undefined);
      if (isSpent()) return tally.page(scan.frontier);
    }
    scan.skip();
    if (!isWanted(summary, query, now())) {
      // To a viewer it would tell how many batches of others there were.
      const isTold = query.strict !== true && isExpired(summary, query, now());
      if (isTold) tally.doubt('retention', 1);
      continue;
    }
    const { cells, faults, doubtful } = countSummary(summary, { ...query, byAction });
    const isSure = [...doubtful.keys()].every((why) => why === 'faults');
    if (query.exact && !isSure) unread.push(summary);
    else {
      for (const cell of cells) tally.add(cell, cell.count);
      if (query.strict !== true) tally.addFaults(faults);
      for (const [why, count] of doubtful) if (why !== 'faults') tally.doubt(why, count);
    }
  }
}

function isExpired(summary: Summary, { from, to }: StatsQuery, now: number): boolean {
  return summary.expires * 1000 <= now && summary.to >= from && summary.from < to;
}

interface Counted {
  readonly hour: number;
  readonly action: string | undefined;
  readonly outcome: string;
}

class Tally {
  readonly #by: readonly Dimension[];
  readonly #counts = new Map<string, { readonly group: Group; count: number }>();
  readonly #doubtful = new Map<Doubt, number>();
  #faulty = 0;

  constructor({ by }: StatsQuery) {
    this.#by = by;
  }

  get groups(): number {
    return this.#counts.size;
  }

  add(counted: Counted, count: number): void {
    const group: Group = Object.fromEntries(this.#by.map((name) => [name, partOf(name, counted)]));
    const key = JSON.stringify(group);
    const entry = this.#counts.get(key) ?? { group, count: 0 };
    entry.count += count;
    this.#counts.set(key, entry);
  }

  addFaults(count: number): void {
    this.#faulty += count;
    if (count > 0) this.doubt('faults', count);
  }

  doubt(why: Doubt, count: number): void {
    this.#doubtful.set(why, (this.#doubtful.get(why) ?? 0) + count);
  }

  page(next: Start | undefined): StatsPage {
    const groups = [...this.#counts.values()].sort(
      (a, b) => timeOf(a.group) - timeOf(b.group) || b.count - a.count,
    );
    return { groups, faulty: this.#faulty, doubtful: this.#doubtful, next };
  }
}

function partOf(name: Dimension, { hour, action, outcome }: Counted): string | number | null {
  if (name === 'hour') return hour;
  if (name === 'day') return hour - (hour % dayMs);
  return name === 'action' ? (action ?? null) : outcome;
}

function timeOf({ hour, day }: Group): number {
  return Number(hour ?? day ?? 0);
}
