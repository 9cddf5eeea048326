import { z } from 'zod';
import { SealtrailError } from '../domain/error.ts';
import { fromOpaque, toOpaque } from './opaque.ts';

export interface CursorOptions {
  /** 32 secret bytes. */
  readonly secret: Buffer;
  readonly tenant: string;
  /** What was asked: a cursor goes on with the same question only. */
  readonly query: string;
  /** Epoch ms. */
  readonly now: number;
}

const envelope = z.strictObject({
  v: z.literal(1),
  tenant: z.string(),
  query: z.string(),
  /** Epoch ms; null: never. */
  exp: z.number().nullable(),
  position: z.unknown(),
});

/**
 * A position as a text that only we can make or read: it names batches, which to a viewer may be another's.
 * `lifeMs`: how long it is accepted; undefined: for ever.
 */
export function encodeCursor(
  position: unknown,
  { secret, tenant, query, now }: CursorOptions,
  lifeMs: number | undefined,
): string {
  const exp = lifeMs === undefined ? null : now + lifeMs;
  const body = Buffer.from(JSON.stringify({ v: 1, tenant, query, exp, position }));
  return toOpaque(body, secret);
}

/**
 * Throws `cursor-invalid` for a cursor that was changed or is of another question, `not-found` for
 * one of another tenant (as if it had never been), `cursor-expired` for an old one.
 */
export function decodeCursor<T>(
  text: string,
  schema: z.ZodType<T>,
  { secret, tenant, query, now }: CursorOptions,
): T {
  const body = fromOpaque(text, secret);
  if (body === undefined)
    throw new SealtrailError(
      'cursor-invalid',
      'the cursor was not made by this log, or was changed',
    );
  const parsed = envelope.safeParse(JSON.parse(body.toString('utf8')));
  if (!parsed.success)
    throw new SealtrailError(
      'cursor-invalid',
      'the cursor is of another version: ask again from the start',
    );
  const { exp } = parsed.data;
  if (parsed.data.tenant !== tenant)
    throw new SealtrailError('not-found', 'there is no such cursor');
  if (parsed.data.query !== query)
    throw new SealtrailError(
      'cursor-invalid',
      'the cursor belongs to another query: repeat its filters',
    );
  if (exp !== null && exp <= now)
    throw new SealtrailError('cursor-expired', 'the cursor is too old: ask again from the start');
  const position = schema.safeParse(parsed.data.position);
  if (!position.success)
    throw new SealtrailError('cursor-invalid', 'the cursor is of another kind of request');
  return position.data;
}
