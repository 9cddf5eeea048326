import type { Comparison } from './read-back.ts';
import type { Shipped } from './ship.ts';

interface Percentiles {
  readonly p50: number;
  readonly p95: number;
}

/** What happened, in events unless the name says otherwise. */
export interface Report extends Comparison {
  readonly events: number;
  readonly batches: number;
  readonly accepted: number;
  readonly committed: number;
  /** Records. */
  readonly quarantined: number;
  readonly wireBytes: number;
  readonly storedBytes: number;
  /** From `record()` until Kinesis had it, and until it was seen to be stored. */
  readonly acceptedMs: Percentiles;
  readonly committedMs: Percentiles;
  readonly eventsPerSecond: number;
}

export function makeReport(
  shipped: readonly Shipped[],
  compared: readonly Comparison[],
  measured: {
    readonly storedBytes: number;
    readonly quarantined: number;
    readonly seconds: number;
  },
): Report {
  const sum = <T>(all: readonly T[], of: (each: T) => number) =>
    all.reduce((total, each) => total + of(each), 0);
  const events = sum(shipped, ({ recorded }) => recorded);
  return {
    events,
    batches: sum(shipped, ({ batches }) => batches),
    accepted: sum(shipped, ({ accepted }) => accepted),
    committed: sum(shipped, ({ committed }) => committed),
    readBack: sum(compared, ({ readBack }) => readBack),
    lost: sum(compared, ({ lost }) => lost),
    altered: sum(compared, ({ altered }) => altered),
    duplicates: sum(compared, ({ duplicates }) => duplicates),
    quarantined: measured.quarantined,
    wireBytes: sum(shipped, ({ wireBytes }) => wireBytes),
    storedBytes: measured.storedBytes,
    acceptedMs: percentiles(shipped.flatMap(({ acceptedMs }) => acceptedMs)),
    committedMs: percentiles(shipped.flatMap(({ committedMs }) => committedMs)),
    eventsPerSecond: Math.round(events / measured.seconds),
  };
}

function percentiles(values: number[]): Percentiles {
  values.sort((a, b) => a - b);
  const at = (share: number) => values[Math.max(Math.ceil(values.length * share) - 1, 0)] ?? 0;
  return { p50: at(0.5), p95: at(0.95) };
}

/** Whether every event that was recorded was read back, once, as it was recorded. */
export function isIntact({ lost, altered, duplicates }: Report): boolean {
  return lost === 0 && altered === 0 && duplicates === 0;
}

export function formatReport(report: Report): string {
  const number = (value: number) => value.toLocaleString('en-US');
  const perEvent = (bytes: number) =>
    report.events === 0 ? '' : ` (${Math.round(bytes / report.events)} an event)`;
  const rows: [string, string][] = [
    ['events recorded', number(report.events)],
    ['batches', number(report.batches)],
    ['accepted by the stream', number(report.accepted)],
    ['committed to the store', number(report.committed)],
    ['bytes on the wire', number(report.wireBytes) + perEvent(report.wireBytes)],
    ['bytes stored', number(report.storedBytes) + perEvent(report.storedBytes)],
    ['accepted, p50 / p95', `${report.acceptedMs.p50} / ${report.acceptedMs.p95} ms`],
    ['committed, p50 / p95', `${report.committedMs.p50} / ${report.committedMs.p95} ms`],
    ['events a second', number(report.eventsPerSecond)],
    ['read back and compared', number(report.readBack)],
    ['quarantined records', number(report.quarantined)],
    ['lost', number(report.lost)],
    ['altered', number(report.altered)],
    ['duplicates', number(report.duplicates)],
  ];
  const width = Math.max(...rows.map(([, value]) => value.length));
  return rows.map(([name, value]) => `  ${name.padEnd(24)} ${value.padStart(width)}`).join('\n');
}
