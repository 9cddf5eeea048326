import { z } from 'zod';
import { toTime } from '../domain/encoding.ts';
import { json, type Operation } from '../lambda/http.ts';
import { decodeCursor, encodeCursor } from '../store/cursor.ts';
import { feedLagMs, readFeed } from '../store/feed.ts';
import { tenantOf } from './access.ts';
import type { ReadOptions } from './list-events.ts';
import { integer, onlySingles } from './parse-query.ts';
import { parseTime } from './parse-time.ts';

const feedPosition = z.strictObject({ after: z.string() });

/**
 * `GET /v1/feed`: what was stored, in stored order, for followers; of the first page from `since` on. `next` always
 * leads on: ask again later.
 */
export function feed(options: ReadOptions): Operation {
  return async (request) => {
    const who = await options.authenticate(request);
    const {
      tenant: named,
      limit,
      cursor,
      since,
    } = onlySingles(request.query, ['tenant', 'limit', 'cursor', 'since']);
    const tenant = tenantOf(who, named);
    const now = options.now();
    const binding = { secret: await options.secret(), tenant, query: 'feed', now };
    const { after } =
      cursor === undefined
        ? { after: startOf(since, now) }
        : decodeCursor(cursor, feedPosition, binding);
    const page = await readFeed(options.reader, {
      tenant,
      after,
      limit: integer('limit', limit, 100, 1000),
      now,
    });
    const holes = page.items.filter(({ isBroken }) => isBroken === true);
    if (holes.length > 0) {
      options.log.count('IntegrityErrors', holes.length);
      options.log.error('items of the feed are not as they are written', {
        tenant,
        items: holes.slice(0, 10).map(({ key }) => key),
      });
    }
    const batches = page.items.flatMap(({ key, entries }) =>
      entries.map((entry) => ({ stored: key.slice(0, 24), ...entry })),
    );
    // A follower may stay away for as long as it likes: its place does not expire.
    const next = encodeCursor({ after: page.after }, binding, undefined);
    return json(200, {
      batches,
      ...(holes.length > 0 && {
        holes: holes.map(({ key }) => ({ item: key, code: 'integrity-broken' })),
      }),
      upTo: toTime(now - feedLagMs),
      next,
    });
  };
}

/** A key before those of everything stored at that time or later. */
function startOf(since: string | undefined, now: number): string {
  const time = parseTime('since', since, now);
  return time === undefined ? '' : toTime(time);
}
