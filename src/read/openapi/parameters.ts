import { z } from 'zod';
import { idPattern } from '../../domain/limits.ts';
import { formats } from '../answer-format.ts';
import { dimensions } from '../count-events.ts';
import { filterNames, textLength } from '../parse-query.ts';
import { timeSyntax } from '../parse-time.ts';

const several = z.array(z.string()).describe('Several: any of them.');
const count = (most: number) => z.int().min(1).max(most).default(100);
const cursor = z.string().describe('`next` of the page before: repeat all else of its question.');
const tenant = z
  .string()
  .regex(idPattern)
  .describe('The key’s own, which need not be said; needed with a key over all tenants.');
const time = z.string().meta({ description: `${timeSyntax}. UTC.` });
const from = time.meta({ description: `Events from then on: ${timeSyntax}.` });
const to = time.meta({ description: `Events before then: ${timeSyntax}. Default: now.` });

const batch = z
  .string()
  .describe('Look into this batch only: `<to>#<id>#<shard>`, as `batchName` of an event says.');

const filters = Object.fromEntries(
  filterNames.map((name) => [
    name,
    name === 'late'
      ? z.literal('true').describe('Events that arrived over 5 minutes after their time.')
      : name === 'target'
        ? several.describe('`<type>:<id>` of a target. Several: any of them.')
        : several,
  ]),
);
/** In a query `metadata.order.id=7`: the paths are the tenant's own. */
const metadata = z
  .record(z.string().regex(/^metadata\../), several)
  .describe('`metadata.<dotted path>=<value>`: a string, number, boolean or null of the metadata.');

const about = { tenant, from, to, ...filters, metadata };

/** The query parameters of each route that has some, by name. All are optional but `by`. */
export const parameters: Readonly<Record<string, Readonly<Record<string, z.ZodType>>>> = {
  'GET /v1/events': {
    ...about,
    q: z
      .string()
      .min(textLength.least)
      .max(textLength.most)
      .describe(
        'Text that the event’s line holds, as it is written there, in upper or lower case. Reads bodies: pages may be short, and still have a `next`.',
      ),
    faulty: z
      .literal('true')
      .describe('Only lines that are no valid event. With a filter they are never given.'),
    order: z.enum(['desc', 'asc']).default('desc').describe('Newest or oldest first.'),
    limit: count(1000),
    cursor,
    format: z
      .enum(Object.keys(formats) as (keyof typeof formats)[])
      .describe('Instead of Accept, for links.'),
  },
  'GET /v1/events/{id}': { tenant, batch },
  'GET /v1/events/{id}/proof': { tenant, batch },
  'GET /v1/batches': {
    tenant,
    from,
    to,
    after: z.string().describe('As `Link: rel=next` says.'),
    batch: z
      .array(z.string())
      .max(15)
      .describe('Instead of all else but tenant: these batches, each named `<to>#<id>#<shard>`.'),
  },
  'GET /v1/stats': {
    ...about,
    by: z.array(z.enum(dimensions)).min(1).max(3),
    exact: z.literal('true').describe('Reads bodies where the small counts leave a doubt.'),
    cursor,
  },
  'GET /v1/feed': { tenant, limit: count(1000), cursor },
  'GET /v1/producers': { tenant, limit: count(1000), cursor },
  'GET /v1/quarantine': {
    tenant: tenant.describe('With a key over all tenants: only what is this one’s.'),
    from: from.describe('Records that arrived on this day or later.'),
    limit: count(1000),
    cursor,
  },
};
