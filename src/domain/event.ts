import { z } from 'zod';
import { timePattern } from './encoding.ts';
import { ipPattern } from './ip.ts';
import { uuidV7Pattern } from './uuid.ts';

/**
 * Lengths are in Unicode code points, as JSON Schema's are. Patterns use nothing that the JSON Schema which is made of
 * this cannot say, so that the published schema and this one call the same lines wrong.
 *
 * Control and bidirectional-formatting characters make two ids look alike, or one look like another.
 */
const id = z
  .string()
  .min(1)
  .max(512)
  .regex(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON Schema has no name for them (category Cc)
    /^[^\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]*$/,
    'no control or bidirectional characters',
  );
const type = z.string().regex(/^[A-Za-z0-9._-]{1,128}$/);
const name = z.string().max(1024);
const text = z.string().max(2048);

const party = z.strictObject({ type, id, name: name.optional() });

const changeSchema = z.strictObject({
  op: z.enum(['add', 'remove', 'replace']),
  /** JSON Pointer (RFC 6901). */
  path: z
    .string()
    .max(1024)
    .regex(/^(\/([^~/]|~[01])*)*$/),
  from: z.unknown().optional(),
  to: z.unknown().optional(),
});

/** https://www.w3.org/TR/trace-context/#traceparent-header: neither id may be zero, ff is no version. */
export const traceparentPattern =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * The one source of the event's schema (FORMAT.md, "Event"). Strict: a member that is not named here is
 * a fault, so that a typo cannot hide what an auditor looks for.
 */
export const eventSchema = z.strictObject({
  id: z.string().regex(uuidV7Pattern),
  time: z.string().regex(timePattern),
  action: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,255}$/),
  actor: z.strictObject({
    type,
    id,
    name: name.optional(),
    /** Who is acted for: the customer whom a support engineer impersonates. */
    onBehalfOf: z.strictObject({ type, id }).optional(),
    sessionId: id.optional(),
  }),
  targets: z.array(party).max(50),
  outcome: z.enum(['success', 'failure', 'denied']),
  reason: text.optional(),
  context: z
    .strictObject({
      ip: z.string().regex(ipPattern, 'an IPv4 or IPv6 address').optional(),
      userAgent: text.optional(),
      requestId: id.optional(),
      location: text.optional(),
    })
    .optional(),
  correlationId: id.optional(),
  traceparent: z.string().regex(traceparentPattern).optional(),
  changes: z.array(changeSchema).max(500).optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  /** Which version of an action's own schema it follows: `invoice.refunded/3`. */
  schema: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,255}\/[1-9][0-9]{0,15}$/)
    .optional(),
  /** Reserved for erasable personal data: a compact JWE (RFC 7516). */
  encrypted: z
    .string()
    .regex(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*){4}$/)
    .optional(),
});

/** An audit event, as it is sealed. */
export type Event = z.infer<typeof eventSchema>;
