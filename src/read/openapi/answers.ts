import { z } from 'zod';
import { eventSchema } from '../../domain/event.ts';
import { doubts } from '../count-summary.ts';
import { problemSchema } from './problems.ts';

const time = z.iso.datetime();
const seq = z.int().min(0);
const batch = z.string().describe('Batch id: SHA-256, base64url.');
const next = z.string().nullable().describe('Cursor of the next page; null if there is none.');

const about = {
  received: time.describe('When its batch arrived.'),
  late: z.boolean().describe('Whether it arrived over 5 minutes after its time.'),
  client: z.string(),
  producer: z.string(),
  seq,
  batch,
  revoked: z.literal(true).optional().describe('It arrived after its grant was revoked.'),
};
const shown = z.object({ event: eventSchema, ...about });
const faulty = z
  .object({
    ...about,
    id: z.string(),
    time,
    faults: z.array(z.string()),
    line: z.string().describe('The exact bytes, base64url.'),
    text: z.string().describe('The same for the eye.'),
  })
  .describe('A line that is no valid event. It is kept, and shown whatever the filter.');
const one = z.union([shown, faulty]);
const range = z.object({ from: seq, to: seq });

/** The answers, by the name that they have in the document. */
export const answers = {
  Problem: problemSchema,
  Event: eventSchema,
  EventPage: z.object({
    events: z.array(one).describe('Each `event` has the exact bytes that were sealed.'),
    order: z
      .enum(['exact', 'partial'])
      .describe('partial: not ordered among all of its minute; none is missing.'),
    next,
  }),
  OneEvent: z.union([
    shown.extend({ others: z.array(one).optional().describe('Other events that bear the id.') }),
    faulty.extend({ others: z.array(one).optional() }),
  ]),
  Stats: z.object({
    from: time,
    to: time,
    by: z.array(z.string()),
    count: z.int().describe('The sum of the groups. Of this page: add up all pages.'),
    faulty: z.int().describe('Lines that are no valid event, counted apart.'),
    groups: z.array(
      z.object({
        action: z
          .string()
          .nullable()
          .optional()
          .describe('null: too rare in its batch to be named.'),
        outcome: z.string().optional(),
        hour: time.optional(),
        day: time.optional(),
        count: z.int(),
      }),
    ),
    approximate: z.boolean(),
    reasons: z
      .array(z.object({ code: z.enum(doubts), count: z.int() }))
      .describe(
        'Why counts may be off, and by how many events (expired batches, for retention). edges: batches over an end of the range are counted whole. filter: of batches that may hold what is filtered for, all is counted. overflow: actions that are not named. faults: lines that are no valid event could have matched. retention: expired batches are not counted.',
      ),
    complete: z
      .boolean()
      .describe('Whether this is all of the range: otherwise go on with `next`.'),
    next,
  }),
  Feed: z.object({
    batches: z.array(
      z.object({
        stored: time,
        to: time,
        id: batch,
        shard: z.int(),
        client: z.string(),
        producer: z.string(),
        seq,
        prev: batch.nullable(),
        count: z.int(),
        fin: z.boolean(),
      }),
    ),
    upTo: time.describe('Nothing stored before this will appear any more.'),
    next: z.string().describe('Always there: ask again later. Does not expire.'),
  }),
  Producers: z.object({
    producers: z.array(
      z.object({
        client: z.string(),
        producer: z.string(),
        status: z.string(),
        head: z.object({ seq, batch }).nullable().describe('All up to this one is there.'),
        gaps: z.array(
          range.extend({
            since: time,
            acknowledged: z
              .object({ at: time, why: z.string() })
              .optional()
              .describe('By an operator: still missing, but alarms nobody.'),
          }),
        ),
        unlistedGaps: z.object({ count: z.int(), since: time }).optional(),
        expired: z.array(range),
        forks: z.array(seq),
        moreForks: z.literal(true).optional(),
        fin: seq.nullable(),
        lastSeen: time,
      }),
    ),
    next: z.string().optional(),
  }),
  Quarantine: z.object({
    records: z.array(
      z.object({
        code: z.string().describe('FORMAT.md, section 7.'),
        reason: z.string(),
        tenant: z
          .string()
          .nullable()
          .describe('Who sealed it, if its signature and its Merkle root hold; else null.'),
        arrival: time,
        shard: z.string(),
        sequenceNumber: z.string(),
        attempts: z.int().optional().describe('How often it was redriven.'),
        copies: z.int().optional().describe('How often it came at once, if more than once.'),
        bytes: z.int(),
        batch: z
          .object({
            client: z.string(),
            producer: z.string(),
            seq,
            count: z.int(),
            from: time,
            to: time,
          })
          .optional(),
      }),
    ),
    next,
  }),
  ViewerToken: z.object({
    token: z.string().describe('For the Authorization header: Bearer stv_…'),
    tenant: z.string(),
    expiresAt: time,
  }),
  Credentials: z.object({
    grant: z.object({ id: z.string(), jwt: z.string(), expiresAt: time }),
    transport: z.object({
      kind: z.literal('kinesis'),
      stream: z.string(),
      region: z.string(),
      endpoint: z.string().optional(),
      credentials: z.object({
        accessKeyId: z.string(),
        secretAccessKey: z.string(),
        sessionToken: z.string(),
        expiresAt: time,
      }),
    }),
    serverTime: time,
  }),
  GrantState: z.object({
    state: z.enum(['live', 'stopped', 'revoked']),
    at: time.optional().describe('From when on: of what arrived before, nothing is changed.'),
  }),
  Commits: z.object({ committed: z.array(z.boolean()) }),
  Jwks: z.object({
    keys: z.array(
      z.object({
        kty: z.literal('OKP'),
        crv: z.literal('Ed25519'),
        x: z.string(),
        kid: z.string(),
        alg: z.literal('EdDSA'),
        use: z.literal('sig'),
      }),
    ),
  }),
};

export type AnswerName = keyof typeof answers;
