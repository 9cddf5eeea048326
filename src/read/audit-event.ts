import { type EventInput, prepareEvent } from '../client/prepare-event.ts';
import { sha256, toTime } from '../domain/encoding.ts';
import { type Batch, compose } from '../domain/seal.ts';
import { uuidV7 } from '../domain/uuid.ts';
import { readClient } from '../lambda/read-grant.ts';
import type { Reader } from './access.ts';

/** A read, as the tenant's log shall tell it: nothing in it is a text that the reader chose. */
export interface Read {
  readonly tenant: string;
  readonly reader: Reader;
  /** The route: `GET /v1/events/{id}`. */
  readonly request: string;
  /** Names of the filters that were asked with, each once, sorted; `metadata.*` whatever its path. */
  readonly filters: readonly string[];
  /** Epoch ms. */
  readonly at: number;
}

/** A viewer token that was made. */
export interface MadeToken {
  readonly tenant: string;
  readonly reader: Reader;
  /** The token's id, by which its reads are recorded. */
  readonly token: string;
  readonly filter: Readonly<Record<string, string | readonly string[]>>;
  /** Epoch ms: what it is kept to. */
  readonly from: number;
  readonly to: number;
  /** Epoch ms. */
  readonly expiresAt: number;
  readonly proof: boolean;
  /** Epoch ms. */
  readonly at: number;
}

/** Reads of one kind within it are one event, ms. */
export const quarterMs = 15 * 60_000;

/** Characters of a token's filter that are written into the log. */
const maxFilter = 1024;

/**
 * The batch that records a read: one event (`audit.log.read`) of the quarter of an hour in which it was made, and a
 * producer of its own that ends with it. All of it is made of tenant, key or viewer token, route, names of filters
 * and quarter, so that whichever containers answer within a quarter, they write the same batch, of which the store
 * keeps one; and a reader can write a few events a quarter, of a few hundred bytes each.
 */
export function auditBatch({ tenant, reader, request, filters, at }: Read): Batch {
  const quarter = at - (at % quarterMs);
  const { keyId, viewer = null } = reader;
  return batchOf(JSON.stringify([tenant, keyId, viewer, request, filters, quarter]), quarter, {
    action: 'audit.log.read',
    actor: actorOf(reader),
    targets: [{ type: 'log', id: tenant }],
    metadata: { request, ...(filters.length > 0 && { filters: filters.join(' ') }) },
  });
}

/** The batch that records that a viewer token was made (`audit.viewer.create`): by whom, with what filter, until when. */
export function viewerBatch(made: MadeToken): Batch {
  const { tenant, reader, token, from, to, expiresAt, proof, at } = made;
  const whole = JSON.stringify(made.filter);
  const filter = whole.slice(0, maxFilter).toWellFormed();
  return batchOf(JSON.stringify([tenant, token]), at, {
    action: 'audit.viewer.create',
    actor: actorOf(reader),
    targets: [
      { type: 'log', id: tenant },
      { type: 'viewerToken', id: token },
    ],
    metadata: {
      filter,
      // What was cut off can be compared, if not read.
      ...(filter !== whole && { filterDigest: sha256(whole).toString('base64url') }),
      from: toTime(from),
      to: toTime(to),
      expiresAt: toTime(expiresAt),
      proof,
    },
  });
}

function actorOf({ keyId, client, viewer }: Reader): EventInput['actor'] {
  const key = { type: 'apiKey', id: keyId };
  return viewer === undefined
    ? { ...key, name: client }
    : { type: 'viewerToken', id: viewer, onBehalfOf: key };
}

/** One event in a batch, of a producer of its own; all ids are made of the name. */
function batchOf(name: string, at: number, event: EventInput): Batch {
  const seed = sha256(name);
  const { line } = prepareEvent(
    { id: uuidV7(at, seed.subarray(0, 10)), ...event },
    { mint: (ms) => uuidV7(ms, seed), now: at, synced: true },
  );
  return compose({
    client: readClient,
    producer: uuidV7(at, seed.subarray(10, 20)),
    seq: 0,
    prev: null,
    lines: [line],
    from: at,
    to: at,
    fin: true,
    sealed: at,
  });
}
