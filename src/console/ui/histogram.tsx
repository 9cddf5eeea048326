import { type Bucket, bucketsOf, type Counted, outcomes } from '../chart/buckets.ts';
import type { LogCounts } from '../chart/count-log.ts';
import type { LogState } from '../model/event-log.ts';
import type { Question } from '../question/question.ts';
import { formatSpan, formatTime, toMs, type Zone } from '../text/times.ts';

interface HistogramProps {
  readonly counts: LogCounts | undefined;
  readonly log: LogState;
  readonly question: Question;
  readonly zone: Zone;
  /** Epoch ms. */
  readonly onRange: (from: number, to: number) => void;
}

const hour = 3_600_000;
const height = 48;

export function Histogram({ counts, log, question, zone, onRange }: HistogramProps) {
  const now = Date.now();
  const range = { from: toMs(question.from, now), to: toMs(question.to, now) };
  const span = (range.to ?? now) - (range.from ?? 0);
  // Counts come by the hour: of a few hours, and of a log that is wholly here, the events themselves tell more.
  const isOfLog = counts !== undefined && !log.isComplete && span > 3 * hour;
  const counted = isOfLog ? counts.counted : countedOf(log);
  const { step, buckets } = bucketsOf(counted, range, isOfLog ? hour : 1000);
  const last = buckets.at(-1);
  const most = buckets.reduce((max, { total }) => Math.max(max, total), 1);
  const title = isOfLog ? titleOf(counts) : loadedTitle(log);

  return (
    <section class="histogram" aria-label="Events over time">
      <p class="muted">
        {title}
        {buckets.length > 0 && <span> · bars of {formatSpan(step)}</span>}
      </p>
      <div class="chart" style={{ maxWidth: widthOf(buckets.length) }}>
        <div class="bars">
          {buckets.map((bucket) => (
            <button
              key={bucket.start}
              type="button"
              class="bar"
              tabIndex={bucket.total === 0 ? -1 : 0}
              disabled={bucket.total === 0}
              title={labelOf(bucket, zone)}
              aria-label={labelOf(bucket, zone)}
              onClick={() => onRange(bucket.start, bucket.start + step)}
            >
              {outcomes.map((name) => (
                <span
                  key={name}
                  class={`part ${name}`}
                  style={{ height: `${heightOf(bucket.counts[name], most)}px` }}
                />
              ))}
            </button>
          ))}
        </div>
        <p class="muted ends">
          <span>{momentOf(buckets[0]?.start, zone, step)}</span>
          <span>{momentOf(last && last.start + step, zone, step)}</span>
        </p>
      </div>
    </section>
  );
}

/** A few bars are no wider than they need to be; many fill the page. */
const widthOf = (bars: number) => (bars < 24 ? `${bars * 41}px` : 'none');

function momentOf(ms: number | undefined, zone: Zone, step: number): string {
  return ms === undefined ? '' : formatTime(ms, zone).slice(0, step < 60_000 ? 19 : 16);
}

/** What is there at all is seen: one denied among thousands too. */
function heightOf(count: number, most: number): number {
  return count === 0 ? 0 : Math.max(2, Math.round((count / most) * height));
}

function countedOf({ rows }: LogState): Counted[] {
  return rows.map(({ time, outcome, fault }) => ({
    time,
    outcome: fault === undefined ? outcome : 'faulty',
    count: 1,
  }));
}

function titleOf({ total, reasons, complete }: LogCounts): string {
  const about = reasons.length > 0 ? 'about ' : '';
  const why = reasons.length > 0 ? ` (approximate: ${reasons.join(', ')})` : '';
  return `${complete ? about : 'at least '}${total.toLocaleString('en')} events${why}`;
}

function loadedTitle({ rows, isComplete }: LogState): string {
  const count = rows.length.toLocaleString('en');
  return isComplete ? `${count} events` : `Only the ${count} events loaded so far`;
}

function labelOf({ start, total, counts }: Bucket, zone: Zone): string {
  const parts = outcomes
    .filter((name) => counts[name] > 0)
    .map((name) => `${counts[name]} ${name}`);
  return `${formatTime(start, zone).slice(0, 19)}: ${total} events${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`;
}
