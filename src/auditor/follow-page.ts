import { fromTime } from '../domain/encoding.ts';
import { judge, needsWatch } from '../domain/judge-producer.ts';
import { apply, markOf, type ProducerState, type SeenBatch, unseen } from '../domain/producer.ts';
import { readClient } from '../lambda/read-grant.ts';
import type { BatchReader, FeedItem } from '../store/batch-store.ts';
import { readFeed } from '../store/feed.ts';
import { producerSortKey } from '../store/keys.ts';
import { pageOf } from '../store/marks.ts';
import type {
  ProducerKey,
  ProducerStore,
  SaveOutcome,
  VersionedMarks,
} from '../store/producer-store.ts';
import type { AuditedTenant } from './audited-tenant.ts';
import { inLanes } from './in-lanes.ts';

/** Producers that are written at once: a partition takes some 1,000 writes a second, and a page may have 8,000 producers. */
const writers = 32;
/** Items of the feed at a time: one is what one invocation of the consumer stored. */
const pageItems = 50;

export interface FollowOptions {
  readonly reader: BatchReader;
  readonly producers: ProducerStore;
  /** Told of new forks before they are stored: rather twice than never. */
  readonly foundForks: (tenant: string, key: ProducerKey, forks: readonly number[]) => void;
  /** Told of what is passed over, since it is of another form: a producer's row, or an item of the feed. */
  readonly foundMalformed: (tenant: string, what: string) => void;
  /** Epoch ms after which nothing more is begun. */
  readonly deadline: number;
  /** Epoch ms. */
  readonly now: () => number;
}

/**
 * `more`: go on after `after`. `upToDate`: nothing further may be read yet; the place needs no keeping.
 * `conflict`: another run is at this tenant, and was quicker.
 */
export type FollowOutcome =
  | { readonly kind: 'more'; readonly after: string }
  | { readonly kind: 'upToDate'; readonly after: string }
  | { readonly kind: 'conflict' };

/**
 * Follows a tenant's feed by one page. The place in the feed is kept only once everything of the page is,
 * so that a run which is cut off is repeated. What it had written is not written again, so that the next run gets
 * further, however many producers there are.
 */
export async function followPage(
  tenant: AuditedTenant,
  after: string,
  { reader, producers, foundForks, foundMalformed, deadline, now }: FollowOptions,
): Promise<FollowOutcome> {
  const page = await readFeed(reader, { tenant: tenant.id, after, limit: pageItems, now: now() });
  if (page.items.length === 0) return { kind: 'upToDate', after: page.after };
  for (const { key, isBroken } of page.items)
    if (isBroken === true) foundMalformed(tenant.id, `an item of the feed, ${key}`);
  const groups = byProducer(page.items);
  const malformed = new Set<string>();
  const [states, marks] = await Promise.all([
    producers.states(tenant.id, groups, (sortKey) => malformed.add(sortKey)),
    producers.marks(
      tenant.id,
      groups.map(({ batches, ...key }) => ({ ...key, pages: pagesOf(batches) })),
      (sortKey) => malformed.add(sortKey),
    ),
  ]);
  for (const sortKey of malformed) foundMalformed(tenant.id, sortKey);
  const whole = groups.filter((key) => !malformed.has(producerSortKey(key.client, key.producer)));
  const saved = await inLanes(
    whole,
    writers,
    async ({ batches, ...key }): Promise<SaveOutcome> => {
      const sortKey = producerSortKey(key.client, key.producer);
      const { state, version } = states.get(sortKey) ?? { state: unseen, version: 0 };
      const read = marks.get(sortKey) ?? { marks: new Map(), versions: new Map() };
      const touched = new Set<number>();
      const next = applyAll(state, batches, read, touched);
      if (touched.size === 0 && JSON.stringify(next) === JSON.stringify(state)) return 'saved';
      const options = { ...key, retentionDays: tenant.retentionDays, now: now() };
      const known = new Set(judge(state, options).forks);
      const verdict = judge(next, options);
      const forks = verdict.forks.filter((seq) => !known.has(seq));
      if (forks.length > 0) foundForks(tenant.id, key, forks);
      const expires = Math.ceil(next.lastSeen / 1000) + (tenant.retentionDays + 1) * 86_400;
      // Marks first: a number that was seen without its mark could hide a fork.
      for (const number of touched) {
        const outcome = await producers.saveMarks(tenant.id, key, number, read, expires);
        if (outcome === 'conflict') return outcome;
      }
      const about = { watched: needsWatch(verdict, options.now), expires };
      return producers.saveState(tenant.id, key, { state: next, version }, about);
    },
    () => now() < deadline,
  );
  if (saved.includes('conflict')) return { kind: 'conflict' };
  // What was not begun is for the next run, from the same place.
  if (saved.filter(Boolean).length < whole.length) return { kind: 'upToDate', after };
  await producers.advance(tenant.id, page.after);
  return { kind: 'more', after: page.after };
}

/** The state after all of these; adds their marks to those that were read. */
function applyAll(
  state: ProducerState,
  batches: readonly SeenBatch[],
  { marks }: VersionedMarks,
  touched: Set<number>,
): ProducerState {
  let next = state;
  for (const batch of batches) {
    next = apply(next, batch, marks);
    if (marks.has(batch.seq)) continue;
    marks.set(batch.seq, markOf(batch.id));
    touched.add(pageOf(batch.seq));
  }
  return next;
}

type Group = ProducerKey & { readonly batches: SeenBatch[] };

function byProducer(items: readonly FeedItem[]): Group[] {
  const groups = new Map<string, Group>();
  for (const { key, entries } of items) {
    // `<stored>#<invocation>`
    const stored = fromTime(key.slice(0, key.indexOf('#'))) ?? 0;
    for (const { client, producer, seq, id, prev, fin } of entries) {
      // The record of a read is a chain of its own, of one batch: nothing can be missing in it.
      if (client === readClient && seq === 0 && fin) continue;
      const sortKey = producerSortKey(client, producer);
      const group = groups.get(sortKey) ?? { client, producer, batches: [] };
      groups.set(sortKey, group);
      group.batches.push({ seq, id, prev, fin, stored });
    }
  }
  return [...groups.values()];
}

/** The pages with the marks of these batches, and of those just before them. */
function pagesOf(batches: readonly SeenBatch[]): number[] {
  const numbers = batches.flatMap(({ seq }) => [seq, Math.max(seq - 1, 0)]);
  return [...new Set(numbers.map(pageOf))];
}
