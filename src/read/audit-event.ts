import { prepareEvent } from '../client/prepare-event.ts';
import { sha256 } from '../domain/encoding.ts';
import { type Batch, compose } from '../domain/seal.ts';
import { uuidV7 } from '../domain/uuid.ts';
import { readClient } from '../lambda/read-grant.ts';
import type { Reader } from './access.ts';

/** A read, as the tenant's log shall tell it. */
export interface Read {
  readonly tenant: string;
  readonly reader: Reader;
  /** `GET /v1/events`; of one event, with its id. */
  readonly request: string;
  /** What was asked, without page, form and tenant; its names sorted. */
  readonly query: string;
  /** Epoch ms. */
  readonly at: number;
}

export const minuteMs = 60_000;

/**
 * The batch that records a read: one event (`audit.log.read`) of the minute in which it was made, and a producer of
 * its own that ends with it. All of it is made of tenant, key, question and minute, so that whichever containers
 * answer pages of one question within a minute, they write the same batch, of which the store keeps one.
 */
export function auditBatch({ tenant, reader, request, query, at }: Read): Batch {
  const { keyId, client, viewer } = reader;
  const minute = at - (at % minuteMs);
  const seed = sha256(JSON.stringify([tenant, keyId, viewer ?? null, request, query, minute]));
  const key = { type: 'apiKey', id: keyId };
  const { line } = prepareEvent(
    {
      id: uuidV7(minute, seed.subarray(0, 10)),
      action: 'audit.log.read',
      actor:
        viewer === undefined
          ? { ...key, name: client }
          : { type: 'viewerToken', id: viewer, onBehalfOf: key },
      targets: [{ type: 'log', id: tenant }],
      metadata: { request, query },
    },
    { mint: (ms) => uuidV7(ms, seed), now: minute, synced: true },
  );
  return compose({
    client: readClient,
    producer: uuidV7(minute, seed.subarray(10, 20)),
    seq: 0,
    prev: null,
    lines: [line],
    from: minute,
    to: minute,
    fin: true,
    sealed: minute,
  });
}
