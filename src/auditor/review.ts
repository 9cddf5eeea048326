import { judge, needsWatch, type Verdict } from '../domain/judge-producer.ts';
import type { Log } from '../lambda/log.ts';
import type { ProducerStore } from '../store/producer-store.ts';
import type { AuditedTenant } from './audited-tenant.ts';
import { inLanes } from './in-lanes.ts';

/** Rows that are written at once. */
const writers = 32;

export interface ReviewOptions {
  readonly producers: ProducerStore;
  readonly tenants: readonly AuditedTenant[];
  /** A gap that has been open for less is not counted, ms. */
  readonly graceMs: number;
  readonly log: Log;
  /** Told of a row of another form, which is passed over. */
  readonly foundMalformed: (row: string) => void;
  /** Epoch ms. */
  readonly now: () => number;
  /** Epoch ms after which nothing more is begun. */
  readonly deadline: number;
}

/**
 * Counts what is open now, of every producer that needs an eye, whether or not anything was heard of it
 * lately; one that no longer needs it is let go.
 */
export async function review(options: ReviewOptions): Promise<void> {
  const { producers, tenants, graceMs, log, now, deadline } = options;
  const retention = new Map(tenants.map(({ id, retentionDays }) => [id, retentionDays]));
  let gaps = 0;
  let unfinished = 0;
  let isWhole = true;
  for await (const page of producers.watched(options.foundMalformed)) {
    const letGo: (() => Promise<unknown>)[] = [];
    for (const { tenant, client, producer, state, version } of page) {
      const retentionDays = retention.get(tenant) ?? Number.POSITIVE_INFINITY;
      const verdict = judge(state, { producer, retentionDays, now: now() });
      gaps += openGaps(verdict, now() - graceMs);
      if (verdict.status === 'unfinished') unfinished++;
      if (needsWatch(verdict, now()) || !retention.has(tenant)) continue;
      const expires = Math.ceil(state.lastSeen / 1000) + (retentionDays + 1) * 86_400;
      const about = { watched: false, expires };
      // Somebody who was quicker has heard of it again, and has judged it anew.
      letGo.push(() =>
        producers.saveState(tenant, { client, producer }, { state, version }, about),
      );
    }
    await inLanes(letGo, writers, (save) => save());
    isWhole = now() < deadline;
    if (!isWhole) break;
  }
  if (!isWhole) log.warn('too many producers to look at all of them', { gaps, unfinished });
  // Half a count may say that there is something, but not that there is nothing.
  if (isWhole || gaps > 0) log.count('ProducerGaps', gaps);
  if (isWhole || unfinished > 0) log.count('ProducersUnfinished', unfinished);
}

function openGaps({ gaps, unlisted }: Verdict, before: number): number {
  const counted = gaps.filter(
    ({ since, acknowledged }) => since <= before && acknowledged === undefined,
  ).length;
  return counted + (unlisted !== undefined && unlisted.since <= before ? 1 : 0);
}
