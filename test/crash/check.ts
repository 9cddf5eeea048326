import { parseRecord } from '../../src/domain/manifest.ts';
import { openRecord } from '../../src/domain/open.ts';
import type { StoredBatch } from '../../src/store/batch-store.ts';
import type { StoredAll } from './store-all.ts';

/** Something that is not as it must be, by the name of the check. */
export interface Violation {
  readonly check:
    | 'acknowledged-is-stored'
    | 'event-is-in-one-row'
    | 'chain-is-whole'
    | 'number-is-used-once'
    | 'time-is-right'
    | 'nothing-for-another-tenant'
    | 'only-failures-are-retried'
    | 'consumer-takes-all'
    | 'ends-by-itself';
  readonly detail: string;
}

export interface Evidence {
  /** `metadata.n` of the events whose `record` resolved. */
  readonly acknowledged: ReadonlySet<number>;
  readonly stored: StoredAll;
  readonly needless: readonly string[];
  /** Events that a flipped bit may have lost; undefined if none flipped. */
  readonly rotten: ReadonlySet<number> | undefined;
}

/** How far an event's time may be off, ms: a sync is as exact as an answer is quick. */
const toleranceMs = 60_000;

/** `metadata.n` of every event in every row. */
export function numbersIn({ rows }: StoredAll): number[] {
  return [...rows.values()].flatMap(({ record }) =>
    openRecord(parseRecord(record)).map(
      ({ bytes }): number => JSON.parse(String(bytes)).metadata.n,
    ),
  );
}

/** Every violation of what the spool promises. */
export function check({ acknowledged, stored, needless, rotten }: Evidence): Violation[] {
  const numbers = numbersIn(stored);
  const there = new Set(numbers);
  const lost = [...acknowledged].filter((n) => !there.has(n) && !rotten?.has(n));
  const doubled = [...there].filter((n) => numbers.indexOf(n) !== numbers.lastIndexOf(n));
  const found: Violation[] = [
    // A boundary that cannot be read leaves a gap, and what may be stored is sent again.
    ...(rotten === undefined ? chainFaults([...stored.rows.values()]) : []).map(
      (detail): Violation => ({ check: 'chain-is-whole', detail }),
    ),
    ...forks([...stored.rows.values()]).map(
      (detail): Violation => ({ check: 'number-is-used-once', detail }),
    ),
    ...wrongTimes(stored).map((detail): Violation => ({ check: 'time-is-right', detail })),
    ...stored.aside.map((detail): Violation => ({ check: 'consumer-takes-all', detail })),
  ];
  if (lost.length > 0)
    found.push({ check: 'acknowledged-is-stored', detail: `lost: ${lost.join(' ')}` });
  if (doubled.length > 0 && rotten === undefined)
    found.push({ check: 'event-is-in-one-row', detail: `in several: ${doubled.join(' ')}` });
  if (needless.length > 0)
    found.push({ check: 'only-failures-are-retried', detail: `again: ${needless.join(' ')}` });
  return found;
}

function forks(rows: readonly StoredBatch[]): string[] {
  const places = rows.map(({ producer, seq }) => `${producer} ${seq}`);
  return places.filter((place, i) => places.indexOf(place) !== i);
}

function wrongTimes({ rows }: StoredAll): string[] {
  return [...rows.values()].flatMap(({ record }) =>
    openRecord(parseRecord(record)).flatMap(({ bytes }) => {
      const { time, metadata } = JSON.parse(String(bytes));
      const off = Math.abs(Date.parse(time) - metadata.at);
      return off > toleranceMs ? [`event ${metadata.n} is ${off} ms off`] : [];
    }),
  );
}

function chainFaults(rows: readonly StoredBatch[]): string[] {
  const chains = Map.groupBy(rows, ({ producer }) => producer);
  return [...chains].flatMap(([producer, chain]) => {
    chain.sort((a, b) => a.seq - b.seq);
    return chain.flatMap(({ seq, prev, fin }, i) => {
      const isLast = i === chain.length - 1;
      const faults = [
        seq === i ? [] : `batch ${seq} comes at ${i}`,
        prev === (chain[i - 1]?.id ?? null) ? [] : `batch ${seq} names another before it`,
        fin === isLast
          ? []
          : `batch ${seq} ${fin ? 'is the end, and is not the last' : 'is the last, and not the end'}`,
      ].flat();
      return faults.map((fault) => `${producer}: ${fault}, of ${chains.size} chain(s)`);
    });
  });
}
