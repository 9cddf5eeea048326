import type { Event } from '../domain/event.ts';
import { limits } from '../domain/limits.ts';

/** Events of a batch that are counted alike: one hour, one action, one outcome. */
export interface Cell {
  /** Start of the hour, epoch ms. */
  readonly hour: number;
  /** Undefined: of one of the actions that found no room. */
  readonly action: string | undefined;
  readonly outcome: Event['outcome'];
  readonly count: number;
}

/** What can be counted of a batch without its body. */
export interface Counts {
  readonly cells: readonly Cell[];
  /** Lines that are no valid event, by the hour of their id's time. */
  readonly faults: readonly { readonly hour: number; readonly count: number }[];
}

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

/** Where an hour starts, epoch ms. */
export function hourOf(time: number): number {
  return time - (time % hourMs);
}

/** As large as a Bloom filter of 100 events is; some 30 actions. */
const maxBytes = 1024;
const outcomes = ['success', 'failure', 'denied'] as const;
/** Names of what is no action: an action starts with a letter or a digit. */
const other = '';
const faulty = '!';

/** A line to be counted; without an event, a faulty one. */
interface Counted {
  readonly time: number;
  readonly event: Pick<Event, 'action' | 'outcome'> | undefined;
}

/**
 * The counts of a batch as a small text: `{"<action>":[successes, failures, denials, the same of the second hour],
 * "":[of all other actions],"!":[faulty lines, of the second hour]}`, zeros at an end left out. A batch spans 60 s, so
 * there are two hours at most. The rarest actions are counted together where 1,024 bytes do not hold all.
 */
export function packCounts(lines: readonly Counted[], from: number): string {
  const rows = new Map<string, number[]>();
  const first = hourOf(from);
  for (const { time, event } of lines) {
    const hour = hourOf(time) === first ? 0 : 1;
    const place = event === undefined ? hour : 3 * hour + outcomes.indexOf(event.outcome);
    add(rows, event?.action ?? faulty, place, 1);
  }
  const ranked = [...rows].sort(([a, x], [b, y]) => sum(y) - sum(x) || (a < b ? -1 : 1));
  const kept = new Map<string, number[]>();
  // Room for what is not an action: two names, and eight numbers of up to four digits.
  let bytes = 60;
  for (const [action, row] of ranked) {
    const size = Buffer.byteLength(JSON.stringify([action, row]));
    if (action !== faulty && bytes + size > maxBytes) {
      for (const [place, count] of row.entries()) add(kept, other, place, count);
      continue;
    }
    if (action !== faulty) bytes += size;
    kept.set(action, row);
  }
  return JSON.stringify(Object.fromEntries(kept));
}

/**
 * What `packCounts` wrote of a batch whose earliest event is at `from`, epoch ms; undefined for a text that it did not
 * write.
 */
export function unpackCounts(text: string, from: number): Counts | undefined {
  const rows = parseRows(text);
  if (rows === undefined) return undefined;
  const first = hourOf(from);
  const cells: Cell[] = [];
  const faults: { hour: number; count: number }[] = [];
  for (const [action, row] of rows) {
    for (const [place, count] of row.entries()) {
      if (count === 0) continue;
      const perHour = action === faulty ? 1 : outcomes.length;
      const hour = first + hourMs * Math.floor(place / perHour);
      const outcome = outcomes[place % perHour];
      if (action === faulty) faults.push({ hour, count });
      else if (outcome !== undefined)
        cells.push({ hour, action: action === other ? undefined : action, outcome, count });
    }
  }
  return { cells, faults };
}

type Row = readonly [action: string, counts: readonly number[]];

function parseRows(text: string): readonly Row[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const rows = Object.entries(value);
  return rows.every(isRow) ? rows : undefined;
}

function isRow(entry: [string, unknown]): entry is [string, number[]] {
  const [, row] = entry;
  return (
    Array.isArray(row) &&
    row.length <= 2 * outcomes.length &&
    row.every((count) => Number.isInteger(count) && count >= 0 && count <= limits.events)
  );
}

function add(rows: Map<string, number[]>, name: string, place: number, count: number): void {
  const row = rows.get(name) ?? [];
  while (row.length <= place) row.push(0);
  row[place] = (row[place] ?? 0) + count;
  rows.set(name, row);
}

function sum(row: readonly number[]): number {
  return row.reduce((total, count) => total + count, 0);
}
