import { SealtrailError } from '../domain/error.ts';
import { timeOfUuid, uuidV7Pattern } from '../domain/uuid.ts';
import type { Operation } from '../lambda/http.ts';
import { tenantOf } from './access.ts';
import { type Bounds, withinBounds } from './bounds.ts';
import { withEtag } from './etag.ts';
import { pageBudget, type ReadOptions } from './list-events.ts';
import { pageEvents } from './page-events.ts';
import { onlySingles } from './parse-query.ts';
import type { Position } from './position.ts';
import { answerSize, type ReadEvent } from './read-event.ts';
import { showEvent } from './show-event.ts';

/** No event is stored whose time is over 5 minutes ahead of its arrival; the rest is for clocks that differ. */
const dayMs = 86_400_000;

/**
 * `GET /v1/events/{id}`: the event's id holds its time, so only batches over that millisecond are read.
 * Should different events bear the id, all are given: the first, and `others`; `more` if not all have room.
 */
export function getEvent(options: ReadOptions): Operation {
  return async (request) => {
    const who = await options.authenticateAny(request);
    const tenant = tenantOf(who, onlySingles(request.query, ['tenant']).tenant);
    const id = request.params['id'] ?? '';
    if (!uuidV7Pattern.test(id) || timeOfUuid(id) > options.now() + dayMs) throw notFound();
    const { found, more } = await findEvents(tenant, id, who.bounds, options);
    const [first, ...others] = found;
    if (first === undefined) throw notFound();
    if (others.length > 0) options.log.count('Equivocations', others.length);
    const shown = showEvent(first);
    const rest =
      others.length === 0
        ? ''
        : `,"others":[${others.map(showEvent).join(',')}]${more ? ',"more":true' : ''}`;
    return withEtag(request, {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: `${shown.slice(0, -1)}${rest}}`,
    });
  };
}

/** Also for an event of another tenant: it looks as if there were none. */
function notFound(): SealtrailError {
  return new SealtrailError('not-found', 'there is no such event');
}

/** All different events that bear this id. Throws `unavailable` if they cannot be found in time. */
export async function findEvents(
  tenant: string,
  id: string,
  bounds: Bounds | undefined,
  options: ReadOptions,
): Promise<{ readonly found: readonly ReadEvent[]; readonly more: boolean }> {
  const time = timeOfUuid(id);
  const asked = withinBounds({ from: time, to: time + 1, filter: [], question: id }, bounds);
  if (asked.from !== time || asked.to !== time + 1) return { found: [], more: false };
  const budget = pageBudget(options.now());
  const found = new Map<string, ReadEvent>();
  let size = 0;
  for (let position: Position | undefined = {}; position !== undefined; ) {
    if (options.now() > budget.deadline)
      throw new SealtrailError('unavailable', 'too many batches lie over this millisecond');
    const page = await pageEvents(
      { ...asked, tenant, order: 'asc', limit: 1000, position },
      { ...options, budget },
    );
    for (const event of page.events) {
      if (event.id !== id || found.has(event.hash)) continue;
      size += answerSize(event);
      if (found.size > 0 && size > budget.answerBytes)
        return { found: [...found.values()], more: true };
      found.set(event.hash, event);
    }
    position = page.next;
  }
  return { found: [...found.values()], more: false };
}
