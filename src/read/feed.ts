import { z } from 'zod';
import { toTime } from '../domain/encoding.ts';
import { json, type Operation } from '../lambda/http.ts';
import type { BatchReader, FeedItem } from '../store/batch-store.ts';
import { decodeCursor, encodeCursor } from '../store/cursor.ts';
import { dayOf } from '../store/keys.ts';
import { tenantOf } from './access.ts';
import type { ReadOptions } from './list-events.ts';
import { integer, onlySingles } from './parse-query.ts';

/**
 * A feed item's `stored` is stamped at each try, and a try is given up after 10 s: whatever was stamped
 * this long ago is there, or never will be. The other 20 s are for clocks that differ.
 */
export const feedLagMs = 30_000;
/** Entries on a page are some 250 bytes each. */
const maxEntries = 8_000;

const feedPosition = z.strictObject({ after: z.string() });

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
    const lanes = await Promise.all(
      shards.map((shard) => reader.feed(tenant, { day, shard, after, before: until, limit })),
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

/** `GET /v1/feed`: what was stored, in stored order, for followers. `next` always leads on: ask again later. */
export function feed(options: ReadOptions): Operation {
  return async (request) => {
    const who = await options.authenticate(request);
    const {
      tenant: named,
      limit,
      cursor,
    } = onlySingles(request.query, ['tenant', 'limit', 'cursor']);
    const tenant = tenantOf(who, named);
    const now = options.now();
    const binding = { secret: await options.secret(), tenant, query: 'feed', now };
    const { after } =
      cursor === undefined ? { after: '' } : decodeCursor(cursor, feedPosition, binding);
    const page = await readFeed(options.reader, {
      tenant,
      after,
      limit: integer('limit', limit, 100, 1000),
      now,
    });
    const batches = page.items.flatMap(({ key, entries }) =>
      entries.map((entry) => ({ stored: key.slice(0, 24), ...entry })),
    );
    // A follower may stay away for as long as it likes: its place does not expire.
    const next = encodeCursor({ after: page.after }, binding, undefined);
    return json(200, { batches, upTo: toTime(now - feedLagMs), next });
  };
}
