import { makeProof } from '../domain/proof.ts';
import { json, type Operation } from '../lambda/http.ts';
import { findOne } from './get-event.ts';
import type { ReadOptions } from './list-events.ts';
import type { ReadEvent } from './read-event.ts';

/**
 * `GET /v1/events/{id}/proof`: what anybody needs to verify the event without us (FORMAT.md, section 8), made
 * from the batch's stored bytes, which were opened and verified just now. Should several lines bear the id, each is
 * proved out of its own batch, as `GET /v1/events/{id}` gives them: the first, and `others`.
 */
export function getProof(options: ReadOptions): Operation {
  return async (request) => {
    const { first, others, about } = await findOne(request, options, 'proof');
    const more = others.length === 0 ? {} : { others: others.map(proofOf) };
    return json(200, { ...proofOf(first), ...more, ...about });
  };
}

function proofOf({ sealed, received }: ReadEvent) {
  return makeProof({ ...sealed, arrival: received });
}
