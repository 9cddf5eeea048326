import { isTaken } from '../domain/retention.ts';
import type { Start, Summary } from '../store/batch-store.ts';
import { dayMs, hourOf } from '../store/counts.ts';
import { batchName } from './batch-name.ts';
import { type Lie, liesOf } from './broken.ts';
import { type EventQuery, isBeyond, isWanted, rangeOf } from './choose-batch.ts';
import { countSummary, type Doubt } from './count-summary.ts';
import type { Hole } from './hole.ts';
import { eventsOf, openOrHole } from './open-batch.ts';
import type { PageOptions } from './page-events.ts';
import { Retention } from './retention.ts';
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
  /** Batches whose bodies were read and are not what was sealed: they are not counted. */
  readonly holes: readonly Hole[];
  readonly lies: readonly Lie[];
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
  const retention = new Retention(grants, now);
  const tally = new Tally(query);
  const isStrict = query.faulty === 'left-out';
  const byAction = query.by.includes('action');
  const unread: Summary[] = [];
  let lastKey: string | undefined;
  let bytes = 0;
  const isSpent = () =>
    scan.queries > 0 &&
    (scan.read + 10 * scan.queries >= budget.summaries ||
      bytes >= budget.bytes ||
      tally.groups >= maxGroups ||
      now() >= budget.deadline);

  async function readBodies(): Promise<void> {
    const asked = new Map(unread.splice(0).map((each) => [batchName(each), each]));
    const records = await reader.records(query.tenant, [...asked.values()]);
    for (const record of records) {
      bytes += record.record.length;
      const opened = await openOrHole(query.tenant, record, grants);
      const summary = asked.get(batchName(record));
      if (opened.kind === 'hole') tally.leaveOut(opened, isStrict);
      if (opened.kind === 'hole' || summary === undefined) continue;
      if (isTaken(summary, opened.grant.retentionDays, now())) continue;
      tally.compare(opened.name, liesOf(summary, opened));
      for (const { time, event } of eventsOf(opened, query.filter)) {
        if (time < query.from || time >= query.to) continue;
        if (event !== undefined) tally.add({ hour: hourOf(time), ...event }, 1);
        else if (!isStrict) tally.addFaults(1);
      }
    }
  }

  for (;;) {
    const next = await scan.peek(() => !isSpent());
    const summary = typeof next === 'string' || isBeyond(next, query) ? undefined : next;
    if (summary === undefined || unread.length >= company) {
      if (unread.length > 0) await readBodies();
      if (summary === undefined) return tally.page(next === 'unknown' ? scan.frontier : undefined);
      // Rows of one key, in several shards, have one place: all of them are gone past, or none.
      if (isSpent() && summary.key !== lastKey) return tally.page(scan.frontier);
    }
    lastKey = summary.key;
    await retention.learn(summary, () => scan.upcoming());
    scan.skip();
    if (!isWanted(summary, query, (each) => retention.isTaken(each))) {
      const { to } = summary;
      const isExpired = retention.isTaken(summary) && to >= query.from && summary.from < query.to;
      // To a viewer it would tell how many batches of others there were.
      if (!isStrict && isExpired) tally.doubt('retention', 1);
      continue;
    }
    const counted = countSummary(summary, { ...query, byAction });
    const isSure =
      counted !== undefined && [...counted.doubtful.keys()].every((why) => why === 'faults');
    if (counted === undefined || (query.exact && !isSure)) unread.push(summary);
    else {
      const { cells, faults, doubtful } = counted;
      for (const cell of cells) tally.add(cell, cell.count);
      if (!isStrict) tally.addFaults(faults);
      for (const [why, count] of doubtful) if (why !== 'faults') tally.doubt(why, count);
    }
  }
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
  readonly #holes: Hole[] = [];
  readonly #lies: Lie[] = [];
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

  leaveOut(hole: Hole, isStrict: boolean): void {
    this.#holes.push(hole);
    if (!isStrict) this.doubt('holes', 1);
  }

  compare(batch: string, about: readonly string[]): void {
    if (about.length > 0) this.#lies.push({ batch, about });
  }

  doubt(why: Doubt, count: number): void {
    this.#doubtful.set(why, (this.#doubtful.get(why) ?? 0) + count);
  }

  page(next: Start | undefined): StatsPage {
    const groups = [...this.#counts.values()].sort(
      (a, b) => timeOf(a.group) - timeOf(b.group) || b.count - a.count,
    );
    return {
      groups,
      faulty: this.#faulty,
      doubtful: this.#doubtful,
      holes: this.#holes,
      lies: this.#lies,
      next,
    };
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
