import { SealtrailError } from '../domain/error.ts';
import type { HttpRequest, HttpResponse, Operation } from '../lambda/http.ts';
import type { Log } from '../lambda/log.ts';
import type { BatchReader } from '../store/batch-store.ts';
import { decodeCursor, encodeCursor } from '../store/cursor.ts';
import { type Authenticate, tenantOf } from './access.ts';
import type { Grants } from './open-batch.ts';
import { type Budget, type EventPage, pageEvents } from './page-events.ts';
import { parseQuery } from './parse-query.ts';
import { positionSchema } from './position.ts';
import { showEvent, showLine } from './show-event.ts';

export interface ReadOptions {
  readonly reader: BatchReader;
  readonly grants: Grants;
  readonly authenticate: Authenticate;
  /** 32 secret bytes for cursors, the same in every container. */
  readonly secret: () => Promise<Buffer>;
  readonly now: () => number;
  readonly log: Log;
}

/** Under the 6 MB of a Lambda answer with what stands beside each event; time under the 29 s of the HTTP API. */
export const pageBudget = (now: number): Budget => ({
  summaries: 20_000,
  bytes: 16 * 1024 * 1024,
  answerBytes: 2 * 1024 * 1024,
  deadline: now + 8_000,
});

/** A cursor over events stays valid for a day: what it points to may be gone later. */
const cursorLifeMs = 24 * 3_600_000;

/** `GET /v1/events`: a page of a tenant's log, as JSON or (Accept: application/x-ndjson) as exact lines. */
export function listEvents(options: ReadOptions): Operation {
  return async (request) => {
    const who = await options.authenticate(request);
    const asLines = wantsLines(request);
    const now = options.now();
    const { cursor, question, tenant: named, ...query } = parseQuery(request.query, now);
    const tenant = tenantOf(who, named);
    const binding = { secret: await options.secret(), tenant, query: question, now };
    const position = cursor === undefined ? {} : decodeCursor(cursor, positionSchema, binding);
    const page = await pageEvents(
      { ...query, tenant, position },
      { ...options, budget: pageBudget(now) },
    );
    if (page.equivocations > 0) options.log.count('Equivocations', page.equivocations);
    const next = page.next && encodeCursor(page.next, binding, cursorLifeMs);
    return answer(page, next, asLines, request);
  };
}

const types = /^(\*\/\*|application\/\*|application\/json)$/;

function wantsLines({ headers }: HttpRequest): boolean {
  const accepted = (headers['accept'] ?? '*/*')
    .split(',')
    .map((part) => (part.split(';')[0] ?? '').trim());
  if (accepted.includes('application/x-ndjson')) return true;
  if (accepted.some((type) => types.test(type))) return false;
  throw new SealtrailError(
    'not-acceptable',
    'answers are application/json or application/x-ndjson',
  );
}

function answer(
  page: EventPage,
  next: string | undefined,
  asLines: boolean,
  request: HttpRequest,
): HttpResponse {
  const headers = {
    'sealtrail-order': page.order,
    ...(next === undefined ? {} : { link: `<${linkTo(request, next)}>; rel="next"` }),
  };
  if (asLines)
    return {
      status: 200,
      headers: { ...headers, 'content-type': 'application/x-ndjson' },
      body: Buffer.concat(page.events.map(showLine)),
    };
  const events = page.events.map(showEvent).join(',');
  const rest = JSON.stringify({ order: page.order, next: next ?? null }).slice(1);
  return {
    status: 200,
    headers: { ...headers, 'content-type': 'application/json' },
    body: `{"events":[${events}],${rest}`,
  };
}

function linkTo({ path, query }: HttpRequest, cursor: string): string {
  const params = new URLSearchParams(query);
  params.set('cursor', cursor);
  return `${path}?${params}`;
}
