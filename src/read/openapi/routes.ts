import { z } from 'zod';
import type { ProblemCode } from '../../lambda/http.ts';
import { csvColumns } from '../show-csv.ts';
import { viewerRequestSchema } from '../viewer-tokens.ts';
import type { AnswerName } from './answers.ts';

/** Who may ask: `key`, an API key or OIDC token; `proof`, with a DPoP proof besides; `viewer`, viewer tokens too. */
type Who = 'anybody' | 'key' | 'viewer' | 'proof';

export interface Route {
  readonly summary: string;
  readonly who: Who;
  readonly status?: 200 | 201;
  /** Name of the JSON answer, or none for a document that is described elsewhere. */
  readonly answer?: AnswerName;
  /** Other media types of the answer, each with what it holds. */
  readonly others?: Readonly<Record<string, string>>;
  readonly body?: z.ZodType;
  /** Beside those that every route has. */
  readonly problems?: readonly ProblemCode[];
  /** Whether it answers an ETag, and 304 to If-None-Match. */
  readonly etag?: boolean;
}

const paged = ['cursor-invalid', 'cursor-expired', 'not-found'] as const;
const proved = ['key-invalid', 'proof-invalid', 'request-too-large', 'quota-exceeded'] as const;

/** Every route of the HTTP API, as the stack declares it. */
export const routes: Readonly<Record<string, Route>> = {
  'GET /v1/events': {
    summary: 'A page of a tenant’s log, in exact order',
    who: 'viewer',
    answer: 'EventPage',
    others: {
      'application/x-ndjson':
        'The exact lines that were sealed. A faulty line is an object with only the member `sealtrail`.',
      'text/csv': `RFC 4180. Columns: ${csvColumns.join(', ')}. The first page has a header. What a spreadsheet would take for a formula has an apostrophe before it.`,
    },
    problems: [...paged, 'not-acceptable', 'integrity-broken'],
    etag: true,
  },
  'GET /v1/events/{id}': {
    summary: 'One event',
    who: 'viewer',
    answer: 'OneEvent',
    problems: ['not-found', 'integrity-broken'],
    etag: true,
  },
  'GET /v1/events/{id}/proof': {
    summary: 'What anybody needs to verify one event without this service',
    who: 'viewer',
    problems: ['not-found', 'integrity-broken'],
  },
  'GET /v1/batches': {
    summary: 'Whole sealed batches and their grants, for an archive that proves itself',
    who: 'key',
    others: { 'application/vnd.sealtrail.bundle': 'FORMAT.md, section 9.' },
    problems: ['integrity-broken'],
  },
  'GET /v1/stats': {
    summary: 'How many events, by action, outcome, hour or day',
    who: 'viewer',
    answer: 'Stats',
    problems: [...paged, 'integrity-broken'],
  },
  'GET /v1/feed': {
    summary: 'The batches of a tenant in the order in which they were stored, for followers',
    who: 'key',
    answer: 'Feed',
    problems: paged,
  },
  'GET /v1/producers': {
    summary: 'Who writes a tenant’s log, and what is missing or doubled in it',
    who: 'key',
    answer: 'Producers',
    problems: paged,
  },
  'GET /v1/quarantine': {
    summary: 'What was not accepted, with its reason',
    who: 'key',
    answer: 'Quarantine',
    problems: paged,
  },
  'POST /v1/viewer-tokens': {
    summary:
      'A short-lived token that reads only what matches a filter, for somebody else’s browser',
    who: 'key',
    status: 201,
    answer: 'ViewerToken',
    body: viewerRequestSchema,
    problems: ['request-too-large'],
  },
  'GET /': {
    summary: 'The console',
    who: 'anybody',
    others: { 'text/html': 'One page that talks to this API' },
    etag: true,
  },
  'GET /v1/openapi.json': { summary: 'This document', who: 'anybody' },
  'POST /v1/credentials': {
    summary: 'A grant for a client’s key, and credentials to send what it signs',
    who: 'proof',
    answer: 'Credentials',
    body: z.strictObject({
      tenant: z.string().optional(),
      client: z.string().optional(),
      durationSeconds: z.int().min(900).max(3600).optional(),
    }),
    problems: proved,
  },
  'POST /v1/commits': {
    summary: 'Which of a client’s batches are stored',
    who: 'key',
    answer: 'Commits',
    body: z.strictObject({
      batches: z
        .array(z.strictObject({ to: z.iso.datetime(), id: z.string() }))
        .min(1)
        .max(100),
    }),
    problems: ['request-too-large'],
  },
  'GET /v1/grants/{id}': {
    summary: 'Whether a grant still holds, for the client that it was issued for',
    who: 'key',
    answer: 'GrantState',
    problems: ['not-found'],
    etag: true,
  },
  'GET /.well-known/jwks.json': {
    summary: 'The keys that grants are or were signed with, the current one first',
    who: 'anybody',
    answer: 'Jwks',
  },
};
