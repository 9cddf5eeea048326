import { z } from 'zod';
import { SealtrailError } from '../domain/error.ts';
import type { HttpRequest, HttpResponse, Operation } from '../lambda/http.ts';
import type { Log } from '../lambda/log.ts';
import type { BatchReader } from '../store/batch-store.ts';
import { decodeCursor, encodeCursor } from '../store/cursor.ts';
import { type Authenticate, tenantOf } from './access.ts';
import { type Format, formatOf, formats } from './answer-format.ts';
import { withinBounds } from './bounds.ts';
import { tellBroken } from './broken.ts';
import { withEtag } from './etag.ts';
import { type ShownHole, shownHole } from './hole.ts';
import { linkToNext } from './link-to-next.ts';
import type { Grants } from './open-batch.ts';
import { type Budget, type EventPage, pageEvents } from './page-events.ts';
import { parseQuery } from './parse-query.ts';
import { positionSchema } from './position.ts';
import { answerSize, withoutName } from './read-event.ts';
import { csvHeader, csvSize, showCsv, showCsvHole } from './show-csv.ts';
import { showEvent, showHoleLine, showLine } from './show-event.ts';
import { times } from './within-time.ts';

export interface ReadOptions {
  readonly reader: BatchReader;
  readonly grants: Grants;
  /** Refuses viewer tokens. */
  readonly authenticate: Authenticate;
  /** Takes viewer tokens too: whoever asks keeps what is read within the reader's `bounds`. */
  readonly authenticateAny: Authenticate;
  /** 32 secret bytes for cursors, the same in every container. */
  readonly secret: () => Promise<Buffer>;
  readonly now: () => number;
  readonly log: Log;
}

/** Under the 6 MB of a Lambda answer with what stands beside each event. */
export const pageBudget = (now: number): Budget => ({
  summaries: 20_000,
  bytes: 16 * 1024 * 1024,
  answerBytes: 2 * 1024 * 1024,
  deadline: now + times.scan,
});

/** What an event takes of a page's budget, bytes, by the form that it is shown in. */
const sizesOf = { json: answerSize, ndjson: answerSize, csv: csvSize } as const;

/** A cursor over events stays valid for a day: what it points to may be gone later. */
export const cursorLifeMs = 24 * 3_600_000;
/** Cursors end on the hour, so that within it the same question gets the same bytes, and the same ETag. */
const cursorGrainMs = 3_600_000;

/** A range that was said as how long ago stays what it was at the first page, epoch ms. */
const listPosition = positionSchema.extend({
  range: z.strictObject({ from: z.number(), to: z.number() }).optional(),
});

/**
 * `GET /v1/events`: a page of a tenant's log, as JSON, as exact lines (NDJSON) or as CSV, with its ETag.
 */
export function listEvents(options: ReadOptions): Operation {
  return async (request) => {
    const who = await options.authenticateAny(request);
    const format = formatOf(request);
    const now = options.now();
    const parsed = withinBounds(parseQuery(request.query, now), who.bounds);
    const { cursor, question, tenant: named, relative, strict, ...asked } = parsed;
    if (strict && asked.faulty === 'alone')
      throw new SealtrailError('forbidden', 'a viewer token is shown no faulty line');
    const tenant = tenantOf(who, named);
    const binding = { secret: await options.secret(), tenant, query: question, now };
    const { range, ...position } =
      cursor === undefined ? {} : decodeCursor(cursor, listPosition, binding);
    const query = { ...asked, ...range, ...(strict && { faulty: 'left-out' as const }) };
    const page = await pageEvents(
      { ...query, tenant, position },
      { ...options, budget: { ...pageBudget(now), sizeOf: sizesOf[format] } },
    );
    tellBroken(options.log, tenant, page);
    if (page.equivocations > 0) options.log.count('Equivocations', page.equivocations);
    const { from, to } = query;
    const place = page.next && { ...page.next, ...(relative && { range: { from, to } }) };
    const next = place && encodeCursor(place, binding, cursorLifeMs - (now % cursorGrainMs));
    const shown = {
      tenant,
      events: strict ? page.events.map(withoutName) : page.events,
      order: page.order,
      next,
      holes: page.holes.map((hole) => shownHole(hole, !strict)),
      // To a viewer, faulty lines may be another customer's.
      leftOutFaulty: page.leftOutFaulty && !strict,
    };
    return withEtag(request, answer(shown, format, request));
  };
}

/** A page as it is answered. */
interface Shown {
  readonly tenant: string;
  readonly events: EventPage['events'];
  readonly order: EventPage['order'];
  readonly next: string | undefined;
  readonly holes: readonly ShownHole[];
  readonly leftOutFaulty: boolean;
}

function answer(page: Shown, format: Format, request: HttpRequest): HttpResponse {
  const isFirst = !request.query.has('cursor');
  const { order, next, leftOutFaulty } = page;
  const headers = {
    'content-type':
      format === 'csv'
        ? `${formats.csv}; charset=utf-8; header=${isFirst ? 'present' : 'absent'}`
        : formats[format],
    'sealtrail-order': order,
    // A key does not tell its reader whose log it opens.
    'sealtrail-tenant': page.tenant,
    ...(leftOutFaulty && { 'sealtrail-left-out': 'faulty' }),
    ...(next === undefined ? {} : { link: linkToNext(request, { cursor: next }) }),
    // A link in a page is to be saved, not shown.
    ...(request.query.has('format') && format !== 'json'
      ? { 'content-disposition': `attachment; filename="events.${format}"` }
      : {}),
  };
  return { status: 200, headers, body: bodyOf(page, format, isFirst) };
}

/** Holes are named in every form: a file that was saved must say itself that it is not whole. */
function bodyOf(page: Shown, format: Format, isFirst: boolean): string | Buffer {
  const { events, order, holes, leftOutFaulty } = page;
  if (format === 'ndjson')
    return Buffer.concat([...events.map(showLine), ...holes.map(showHoleLine)]);
  // The pages of a log, one behind the other, are one file.
  if (format === 'csv')
    return Buffer.from(
      (isFirst ? csvHeader : '') + events.map(showCsv).join('') + holes.map(showCsvHole).join(''),
    );
  const rest = JSON.stringify({
    order,
    next: page.next ?? null,
    ...(holes.length > 0 && { holes }),
    ...(leftOutFaulty && { leftOut: 'faulty' }),
  });
  return `{"events":[${events.map(showEvent).join(',')}],${rest.slice(1)}`;
}
