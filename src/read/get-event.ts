import { SealtrailError } from '../domain/error.ts';
import { timeOfUuid, uuidV7Pattern } from '../domain/uuid.ts';
import type { HttpRequest, Operation } from '../lambda/http.ts';
import { tenantOf } from './access.ts';
import { parseBatchName } from './batch-name.ts';
import { tellBroken } from './broken.ts';
import { withEtag } from './etag.ts';
import { findEvents } from './find-event.ts';
import { type Hole, shownHole } from './hole.ts';
import type { ReadOptions } from './list-events.ts';
import { onlySingles } from './parse-query.ts';
import { type ReadEvent, withoutName } from './read-event.ts';
import { showEvent } from './show-event.ts';

/** No event is stored whose time is over 5 minutes ahead of its arrival; the rest is for clocks that differ. */
const dayMs = 86_400_000;

/**
 * `GET /v1/events/{id}`: the event's id holds its time, so only batches over that millisecond are read; with
 * `batch`, that one only. Should several lines bear the id, of different content or from different clients, all are given:
 * the first, and `others`; `more` if one request or answer does not hold all.
 */
export function getEvent(options: ReadOptions): Operation {
  return async (request) => {
    const { first, others, about } = await findOne(request, options, 'event');
    const members = [
      ...(others.length === 0 ? [] : [`"others":[${others.map(showEvent).join(',')}]`]),
      ...Object.entries(about).map(
        ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`,
      ),
    ];
    return withEtag(request, {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: `${[showEvent(first).slice(0, -1), ...members].join(',')}}`,
    });
  };
}

interface One {
  readonly first: ReadEvent;
  readonly others: readonly ReadEvent[];
  /** What else an answer says: `more`, `holes`. */
  readonly about: object;
}

/**
 * The lines that bear the id in a request's path. Throws `not-found`; `integrity-broken` if it may have been in a batch
 * that is not what was sealed; `batch-needed` if it may be in a batch that one request does not reach.
 */
export async function findOne(
  request: HttpRequest,
  options: ReadOptions,
  wanted: 'event' | 'proof',
): Promise<One> {
  const who = await options.authenticateAny(request);
  if (wanted === 'proof' && who.bounds !== undefined && who.bounds.proof !== true)
    throw new SealtrailError('forbidden', 'this viewer token was not made for proofs');
  const { tenant: named, batch } = onlySingles(request.query, ['tenant', 'batch']);
  const tenant = tenantOf(who, named);
  const place = batch === undefined ? undefined : parseBatchName(batch);
  const id = request.params['id'] ?? '';
  const isPossible = uuidV7Pattern.test(id) && timeOfUuid(id) <= options.now() + dayMs;
  if (!isPossible) throw notFound();
  const asked = { tenant, id, bounds: who.bounds, batch: place };
  const { found, more, holes } = await findEvents(asked, options);
  const [first, ...others] = who.bounds === undefined ? found : found.map(withoutName);
  if (first === undefined && !more && holes.length > 0)
    throw brokenBy(holes, who.bounds === undefined);
  tellBroken(options.log, tenant, { holes });
  if (first === undefined) throw more ? batchNeeded() : notFound();
  const contents = new Set(found.map(({ hash }) => hash)).size;
  if (contents > 1) options.log.count('Equivocations', contents - 1);
  const shown = holes.map((hole) => shownHole(hole, who.bounds === undefined));
  const about = { ...(more && { more }), ...(shown.length > 0 && { holes: shown }) };
  return { first, others, about };
}

/** Counted and logged as every answer of this code is. */
function brokenBy([hole]: readonly Hole[], isNamed: boolean): SealtrailError {
  const what =
    isNamed && hole !== undefined ? hole.why : 'a batch that may hold it is not what was sealed';
  return new SealtrailError('integrity-broken', what);
}

function batchNeeded(): SealtrailError {
  return new SealtrailError(
    'batch-needed',
    'more batches lie over this millisecond than one request looks into: name the one with batch=',
  );
}

/** Also for an event of another tenant: it looks as if there were none. */
function notFound(): SealtrailError {
  return new SealtrailError('not-found', 'there is no such event');
}
