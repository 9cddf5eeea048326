import { fromTime } from '../domain/encoding.ts';
import { limits } from '../domain/limits.ts';
import { eventTerms } from '../domain/query.ts';
import { endsEarly } from '../domain/retention.ts';
import type { Log } from '../lambda/log.ts';
import type { Summary } from '../store/batch-store.ts';
import { unpackCounts } from '../store/counts.ts';
import { mayContain } from '../store/terms.ts';
import { batchName } from './batch-name.ts';
import type { Hole } from './hole.ts';
import type { OpenedBatch } from './open-batch.ts';

/** A batch that opens as it was sealed, while what the index says of it is untrue: it may be missed by what asks the index. */
export interface Lie {
  readonly batch: string;
  /** Attributes of the row. */
  readonly about: readonly string[];
}

/** Counts and logs what was found, so that it alarms as a broken answer does. */
export function tellBroken(
  log: Log,
  tenant: string,
  { holes = [], lies = [] }: { readonly holes?: readonly Hole[]; readonly lies?: readonly Lie[] },
): void {
  const found = holes.length + lies.length;
  if (found === 0) return;
  log.count('IntegrityErrors', found);
  for (const hole of holes.slice(0, maxTold))
    log.error('a batch is not what was sealed', { tenant, batch: batchName(hole), why: hole.why });
  for (const { batch, about } of lies.slice(0, maxTold))
    log.error('a row says what was not sealed', { tenant, batch, about });
}

const maxTold = 10;

/**
 * What a summary says untruly of its batch, such that the batch could be missed: a range, a filter or a count asks the
 * summary only. Whatever opens a batch compares, so that a list or an export without a filter finds every such row.
 */
export function liesOf(summary: Summary, opened: OpenedBatch): string[] {
  const { record, grant, lines, arrival } = opened;
  const { manifest, grantId } = record;
  const { terms, counts } = summary;
  const isTermMissing = lines.some(
    (line) =>
      line.kind === 'event' &&
      terms !== undefined &&
      !eventTerms(line.event, arrival - line.time > limits.lateMs).every((term) =>
        mayContain(terms, term),
      ),
  );
  const checks: Record<string, boolean> = {
    from: summary.from === fromTime(manifest.from),
    client: summary.client === manifest.client,
    producer: summary.producer === manifest.producer,
    grant: summary.grant === grantId,
    faults: summary.hasFaults || lines.every(({ kind }) => kind === 'event'),
    counts: counts === undefined ? lines.length === 0 : totalOf(counts) === lines.length,
    terms: !isTermMissing && (terms !== undefined || lines.every(({ kind }) => kind !== 'event')),
    expires: !endsEarly(summary, grant.retentionDays),
  };
  return Object.keys(checks).filter((name) => !checks[name]);
}

/** Undefined for counts that cannot be read. */
function totalOf(text: string): number | undefined {
  const counts = unpackCounts(text, 0);
  if (counts === undefined) return undefined;
  return [...counts.cells, ...counts.faults].reduce((sum, { count }) => sum + count, 0);
}
