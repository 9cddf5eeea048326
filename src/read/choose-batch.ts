import { toTime } from '../domain/encoding.ts';
import { limits } from '../domain/limits.ts';
import type { Filter } from '../domain/query.ts';
import { timeOfUuid } from '../domain/uuid.ts';
import type { Order, Summary } from '../store/batch-store.ts';
import { dayOf } from '../store/keys.ts';
import { mayContain } from '../store/terms.ts';
import type { Position } from './position.ts';
import type { ScanRange } from './scan.ts';

/** What is asked: events with `from` ≤ time < `to` (epoch ms) that match, in order, from a position on. */
export interface EventQuery {
  readonly tenant: string;
  readonly from: number;
  readonly to: number;
  readonly order: Order;
  readonly filter: Filter;
  /** Text that the line holds, in lower case. */
  readonly text?: string | undefined;
  /**
   * Faulty lines are `shown` in their place (the default), `left-out`, since what they would match cannot be known, or
   * `alone`: nothing but them.
   */
  readonly faulty?: 'shown' | 'left-out' | 'alone';
  /** Events on a page, at most. */
  readonly limit: number;
  readonly position: Position;
}

/** Which batches may hold what is asked: by `to`, since none spans over 60 s. */
export function rangeOf({ order, from, to, position }: EventQuery): ScanRange {
  const first = toTime(from);
  const last = toTime(to + limits.spanMs);
  const edge = order === 'desc' ? `${last}#~` : first;
  const start = position.at ?? { key: edge, inclusive: true };
  const startDay = dayOf(start.key);
  return order === 'desc'
    ? { order, start, from: dayOf(first), to: startDay }
    : { order, start, from: startDay, to: dayOf(last) };
}

/** Whether neither this batch nor any behind it can hold an event that was asked for. */
export function isBeyond({ to }: Summary, query: EventQuery): boolean {
  return query.order === 'desc' ? to < query.from : to >= query.to + limits.spanMs;
}

/**
 * Whether this batch may hold an event that was asked for and is not given yet, by its summary alone. What a summary
 * lacks excludes nothing: such a batch is opened.
 *
 * @param isTaken whether retention has taken it (`Retention`)
 */
export function isWanted(
  summary: Summary,
  query: EventQuery,
  isTaken: (summary: Summary) => boolean,
): boolean {
  const { order, from, to, filter, position } = query;
  if (isTaken(summary)) return false;
  if (summary.to < from || summary.from >= to) return false;
  if (position.after !== undefined) {
    const after = timeOfUuid(position.after.id);
    if (order === 'desc' ? summary.from > after : summary.to < after) return false; // all given
  }
  const { terms, hasFaults } = summary;
  if (query.faulty === 'alone') return hasFaults;
  if (terms === undefined || (hasFaults && query.faulty !== 'left-out')) return true;
  return filter.every((alternatives) => alternatives.some((term) => mayContain(terms, term)));
}
