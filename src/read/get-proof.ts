import { SealtrailError } from '../domain/error.ts';
import { makeProof } from '../domain/proof.ts';
import { timeOfUuid, uuidV7Pattern } from '../domain/uuid.ts';
import { json, type Operation } from '../lambda/http.ts';
import { tenantOf } from './access.ts';
import { findEvents } from './get-event.ts';
import type { ReadOptions } from './list-events.ts';
import { onlySingles } from './parse-query.ts';

const dayMs = 86_400_000;

/**
 * `GET /v1/events/{id}/proof`: what anybody needs to verify the event without us (FORMAT.md, section 8), made
 * from the batch's stored bytes, which were opened and verified just now. Should different events bear the
 * id, all are proved: the first, and `others`.
 */
export function getProof(options: ReadOptions): Operation {
  return async (request) => {
    const who = await options.authenticateAny(request);
    if (who.bounds !== undefined && who.bounds.proof !== true)
      throw new SealtrailError('forbidden', 'this viewer token was not made for proofs');
    const tenant = tenantOf(who, onlySingles(request.query, ['tenant']).tenant);
    const id = request.params['id'] ?? '';
    const isPossible = uuidV7Pattern.test(id) && timeOfUuid(id) <= options.now() + dayMs;
    const events = isPossible ? (await findEvents(tenant, id, who.bounds, options)).found : [];
    const [first, ...others] = events.map(({ sealed, received }) =>
      makeProof({ ...sealed, arrival: received }),
    );
    // Also for an event of another tenant: it looks as if there were none.
    if (first === undefined) throw new SealtrailError('not-found', 'there is no such event');
    if (others.length > 0) options.log.count('Equivocations', others.length);
    return json(200, others.length === 0 ? first : { ...first, others });
  };
}
