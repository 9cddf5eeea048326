import { z } from 'zod';
import { toTime } from '../domain/encoding.ts';
import { SealtrailError } from '../domain/error.ts';
import { parseJson } from '../domain/json.ts';
import { idPattern } from '../domain/limits.ts';
import type { Filter } from '../domain/query.ts';
import { json, type Operation } from '../lambda/http.ts';
import { tenantOf } from './access.ts';
import type { MadeToken } from './audit-event.ts';
import type { ReadOptions } from './list-events.ts';
import { parseClause } from './parse-query.ts';
import { lastTime, parseTime } from './parse-time.ts';
import { keepOnRecord, type RecordingOptions } from './recorded.ts';
import { mintViewerToken } from './viewer-token.ts';

export interface ViewerTokensOptions extends Pick<ReadOptions, 'authenticate'>, RecordingOptions {
  /** 32 secret bytes, the same in every container, of no other use. */
  readonly viewerSecret: () => Promise<Buffer>;
  /** A text that was never used before. */
  readonly newId: () => string;
  /** Writes into the tenant's log that a token was made. */
  readonly record: (made: MadeToken) => Promise<void>;
}

/** Largest body, bytes; and of a token, so that it fits a header with room to spare. */
const maxBytes = 4096;
const maxSeconds = 3600;
const value = z.string().min(1).max(512);

/** The body of `POST /v1/viewer-tokens`. */
export const viewerRequestSchema = z.strictObject({
  /** Needed with a key over all tenants. */
  tenant: z.string().regex(idPattern).optional(),
  /** The filters of `GET /v1/events`, one value or several alternatives each. At least one. */
  filter: z
    .record(z.string(), z.union([value, z.array(value).min(1).max(50)]))
    .refine((filter) => Object.keys(filter).length > 0, 'at least one filter'),
  from: z.string().optional(),
  to: z.string().optional(),
  /** Whether it may have proofs, which tell of the whole batch that an event is in: its client, producer and length. */
  proof: z.boolean().default(false),
  expiresInSeconds: z.number().int().min(1).max(maxSeconds).default(900),
});

/**
 * `POST /v1/viewer-tokens`: a token for somebody else's browser. It reads `/v1/events`, one event and `/v1/stats`, and
 * proofs where it is made for them, and of these only what matches its filter and lies in its range; for an hour at
 * most, and no longer than the key or token that made it is good. That it was made is an event of the tenant's log
 * (`audit.viewer.create`), as recorded as reads are.
 */
export function viewerTokens(options: ViewerTokensOptions): Operation {
  return async (request) => {
    const begun = options.clock.now();
    const who = await options.authenticate(request);
    const body = bodyOf(request.body);
    const tenant = tenantOf(who, body.tenant);
    const now = options.clock.now();
    const from = parseTime('from', body.from, now) ?? 0;
    const to = parseTime('to', body.to, now) ?? lastTime;
    if (from > to) throw new SealtrailError('request-invalid', 'from is after to');
    const exp = Math.min(now + body.expiresInSeconds * 1000, who.expiresAt ?? Infinity);
    if (exp <= now) throw new SealtrailError('unauthenticated', 'the token has expired');
    const id = options.newId();
    const token = mintViewerToken(
      {
        v: 1,
        id,
        tenant,
        keyId: who.keyId,
        client: who.client,
        filter: filterOf(body.filter).map((alternatives) => [...alternatives]),
        from,
        to,
        exp,
        ...(body.proof && { proof: true }),
      },
      await options.viewerSecret(),
    );
    if (token.length > maxBytes)
      throw new SealtrailError('request-invalid', 'filter is too long for a token');
    const { filter, proof } = body;
    const made = {
      tenant,
      reader: who,
      token: id,
      filter,
      from,
      to,
      expiresAt: exp,
      proof,
      at: now,
    };
    await keepOnRecord(() => options.record(made), { ...options, begun });
    return json(201, { token, tenant, expiresAt: toTime(exp) });
  };
}

function bodyOf(bytes: Buffer): z.output<typeof viewerRequestSchema> {
  if (bytes.length > maxBytes)
    throw new SealtrailError('request-too-large', `the body is over ${maxBytes} bytes`);
  const parsed = parseJson(bytes.toString('utf8'));
  if (!parsed.ok) throw new SealtrailError('request-invalid', 'the body is not one JSON value');
  const body = viewerRequestSchema.safeParse(parsed.value);
  if (!body.success) throw new SealtrailError('request-invalid', z.prettifyError(body.error));
  return body.data;
}

function filterOf(filter: Readonly<Record<string, string | string[]>>): Filter {
  return Object.entries(filter)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, values]) => parseClause(name, [values].flat()));
}
