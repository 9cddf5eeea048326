import { z } from 'zod';
import { toTime } from '../domain/encoding.ts';
import { judge } from '../domain/judge-producer.ts';
import { json, type Operation } from '../lambda/http.ts';
import { orUnavailable } from '../lambda/or-unavailable.ts';
import { decodeCursor, encodeCursor } from '../store/cursor.ts';
import type { KnownProducer, ProducerList, Untold } from '../store/producer-store.ts';
import { tenantOf } from './access.ts';
import { batchName } from './batch-name.ts';
import type { ReadOptions } from './list-events.ts';
import { integer, onlySingles } from './parse-query.ts';

export interface ListProducersOptions extends Pick<ReadOptions, 'authenticate' | 'secret' | 'now'> {
  readonly producers: ProducerList;
  /** Days that a tenant's batches are kept; undefined for a tenant that is not registered. */
  readonly retentionDays: (tenant: string) => Promise<number | undefined>;
}

const position = z.strictObject({ client: z.string(), producer: z.string() });
const cursorLifeMs = 24 * 3_600_000;

/**
 * `GET /v1/producers`: who writes a tenant's log, and what is missing or doubled in it, as the auditor last
 * saw it (a minute or two ago). In the order of client and producer.
 */
export function listProducers(options: ListProducersOptions): Operation {
  return async (request) => {
    const who = await options.authenticate(request);
    const {
      tenant: named,
      limit,
      cursor,
    } = onlySingles(request.query, ['tenant', 'limit', 'cursor']);
    const tenant = tenantOf(who, named);
    const now = options.now();
    const binding = { secret: await options.secret(), tenant, query: 'producers', now };
    const after = cursor === undefined ? undefined : decodeCursor(cursor, position, binding);
    const isFirst = cursor === undefined;
    const [
      retentionDays = Number.POSITIVE_INFINITY,
      { producers, malformed, next: place },
      untold,
    ] = await orUnavailable('the table of producers', () =>
      Promise.all([
        options.retentionDays(tenant),
        options.producers.list(tenant, { after, limit: integer('limit', limit, 100, 1000) }),
        isFirst ? options.producers.untold(tenant) : [],
      ]),
    );
    const next = place && encodeCursor(place, binding, cursorLifeMs);
    return json(200, {
      producers: producers.map((producer) => show(producer, retentionDays, now)),
      ...(malformed.length > 0 && { unreadable: malformed }),
      ...(untold.length > 0 && { untold: untold.map(showUntold) }),
      ...(next === undefined ? {} : { next }),
    });
  };
}

function showUntold({ client, producer, seq, since, ...place }: Untold) {
  return { client, producer, seq, batch: batchName(place), since: toTime(since) };
}

function show({ client, producer, state }: KnownProducer, retentionDays: number, now: number) {
  const verdict = judge(state, { producer, retentionDays, now });
  const { head, gaps, unlisted, expired, forks, moreForks, fin, status, lastSeen } = verdict;
  return {
    client,
    producer,
    status,
    head: head === undefined ? null : { seq: head.seq, batch: head.id },
    gaps: gaps.map(({ from, to, since, acknowledged }) => ({
      from,
      to,
      since: toTime(since),
      ...(acknowledged && {
        acknowledged: { at: toTime(acknowledged.at), why: acknowledged.why },
      }),
    })),
    ...(unlisted === undefined
      ? {}
      : { unlistedGaps: { count: unlisted.count, since: toTime(unlisted.since) } }),
    expired: expired.map(({ from, to }) => ({ from, to })),
    forks,
    ...(moreForks ? { moreForks } : {}),
    fin: fin ?? null,
    lastSeen: toTime(lastSeen),
  };
}
