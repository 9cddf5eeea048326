import { z } from 'zod';
import { toTime } from '../domain/encoding.ts';
import { SealtrailError } from '../domain/error.ts';
import { json, type Operation } from '../lambda/http.ts';
import { decodeCursor, encodeCursor } from '../store/cursor.ts';
import { tenantOf } from './access.ts';
import { withinBounds } from './bounds.ts';
import { tellBroken } from './broken.ts';
import { countEvents, type Dimension, dimensions } from './count-events.ts';
import { shownHole } from './hole.ts';
import { cursorLifeMs, pageBudget, type ReadOptions } from './list-events.ts';
import { parseQuestion } from './parse-query.ts';

const position = z.strictObject({
  at: z.strictObject({ key: z.string(), inclusive: z.boolean() }),
  /** The range, epoch ms: how long ago it was when first asked. */
  from: z.number(),
  to: z.number(),
});

/**
 * `GET /v1/stats`: how many events, by action, outcome, hour or day (`by`, up to three times), from small counts in
 * the index. `approximate` when they may be off, with the reasons and how many events each is about; `exact=true`
 * reads bodies where that is so. Not `complete`: go on with `next`, and add up.
 *
 * An event that was sealed in two batches counts twice here and is listed once.
 */
export function stats(options: ReadOptions): Operation {
  return async (request) => {
    const who = await options.authenticateAny(request);
    const now = options.now();
    const asked = parseQuestion(request.query, now, ['exact'], ['by']);
    const by = dimensionsOf(request.query.getAll('by'));
    const tenant = tenantOf(who, asked.tenant);
    const bounded = withinBounds(asked, who.bounds);
    const query = JSON.stringify(['stats', bounded.question, by, asked.own.exact ?? null]);
    const binding = { secret: await options.secret(), tenant, query, now };
    const start =
      asked.cursor === undefined ? undefined : decodeCursor(asked.cursor, position, binding);
    const { from, to } = start ?? bounded;
    const page = await countEvents(
      {
        tenant,
        from,
        to,
        order: 'desc',
        filter: bounded.filter,
        faulty: bounded.strict ? 'left-out' : 'shown',
        // An upper bound would tell a viewer of events that are not its own.
        exact: bounded.strict || isExact(asked.own.exact),
        by,
        limit: 1,
        position: start === undefined ? {} : { at: start.at },
      },
      { ...options, budget: pageBudget(now) },
    );
    tellBroken(options.log, tenant, page);
    const next = page.next && encodeCursor({ at: page.next, from, to }, binding, cursorLifeMs);
    return json(200, {
      from: toTime(from),
      to: toTime(to),
      by,
      count: page.groups.reduce((sum, { count }) => sum + count, 0),
      faulty: page.faulty,
      groups: page.groups.map(({ group, count }) => ({ ...shown(group), count })),
      approximate: page.doubtful.size > 0,
      ...(page.holes.length > 0 && {
        holes: page.holes.map((hole) => shownHole(hole, !bounded.strict)),
      }),
      reasons: [...page.doubtful].map(([code, count]) => ({ code, count })),
      complete: next === undefined,
      next: next ?? null,
    });
  };
}

function dimensionsOf(values: readonly string[]): Dimension[] {
  const by = dimensions.filter((name) => values.includes(name));
  if (by.length === 0 || by.length < values.length || by.length > 3)
    throw new SealtrailError(
      'request-invalid',
      `by is one to three of ${dimensions.join(', ')}, each once`,
    );
  return by;
}

function isExact(text: string | undefined): boolean {
  if (text === undefined || text === 'true') return text === 'true';
  throw new SealtrailError('request-invalid', 'exact takes the value true only');
}

function shown(group: Partial<Record<Dimension, string | number | null>>): object {
  return Object.fromEntries(
    Object.entries(group).map(([name, value]) => [
      name,
      typeof value === 'number' ? toTime(value) : value,
    ]),
  );
}
