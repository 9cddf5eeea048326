import { toTime } from '../domain/encoding.ts';
import type { BatchReader, FeedItem } from './batch-store.ts';
import { dayOf } from './keys.ts';

/**
 * A feed item's `stored` is stamped at each try, and a try is given up after 10 s: whatever was stamped
 * this long ago is there, or never will be. The other 20 s are for clocks that differ.
 */
export const feedLagMs = 30_000;
/** Entries on a page are some 250 bytes each. */
const maxEntries = 8_000;

export interface FeedPage {
  readonly items: readonly FeedItem[];
  /** The key to go on after: nothing before it will ever appear. */
  readonly after: string;
}

/** What was stored of a tenant after a key, in stored order, every batch at least once. */
export async function readFeed(
  reader: BatchReader,
  query: {
    readonly tenant: string;
    readonly after: string;
    readonly limit: number;
    readonly now: number;
  },
): Promise<FeedPage> {
  const { tenant, after, limit } = query;
  const until = toTime(query.now - feedLagMs);
  // Asked again within a millisecond, or by a clock that is behind: a range may not end before it starts.
  if (after >= until) return { items: [], after };
  const from = after === '' ? '1970-01-01' : dayOf(after);
  for await (const { day, shards } of reader.days(tenant, {
    kind: 'feed',
    from,
    to: dayOf(until),
    order: 'asc',
  })) {
    // Only keys of the day itself: one of a later day among them would lead followers past all days between.
    const range = {
      after: after > day ? after : day,
      before: until < `${day}~` ? until : `${day}~`,
    };
    const lanes = await Promise.all(
      shards.map((shard) => reader.feed(tenant, { day, shard, ...range, limit })),
    );
    // Beyond the last item of a lane that has more, other lanes would overtake it.
    const bounds = lanes.filter(({ more }) => more).map(({ items }) => items.at(-1)?.key ?? '');
    const bound = bounds.sort()[0];
    const items = lanes
      .flatMap((lane) => lane.items)
      .filter(({ key }) => bound === undefined || key <= bound)
      .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    const page = cut(items, limit);
    const last = page.at(-1);
    if (last !== undefined) return { items: page, after: last.key };
  }
  return { items: [], after: until };
}

/** At most `limit` items, but never one of several with the same key without the others. */
function cut(items: readonly FeedItem[], limit: number): FeedItem[] {
  const page: FeedItem[] = [];
  let entries = 0;
  for (const item of items) {
    const isFull = page.length >= limit || entries >= maxEntries;
    if (isFull && item.key !== page.at(-1)?.key) break;
    page.push(item);
    entries += item.entries.length;
  }
  return page;
}
