import { z } from 'zod';
import { type ProblemCode, statuses } from '../../lambda/http.ts';

/** Every code that an answer may have, and what it means. */
export const problems: Readonly<Record<ProblemCode, string>> = {
  'request-invalid': 'A parameter or the body is not understood; the detail names it.',
  'key-invalid': 'The key in the DPoP proof cannot be used.',
  'cursor-invalid': 'The cursor was changed, or is of another question.',
  'cursor-expired': 'The cursor is over a day old: ask again from the start.',
  'batch-needed':
    'More batches lie over the event’s millisecond than one request looks into: name its batch with `batch=`.',
  unauthenticated: 'The API key or token is missing, not ours, or good no more.',
  'proof-invalid': 'The DPoP proof does not hold, was used before, or its clock is off.',
  forbidden: 'The key or token may not do this, or not for this tenant.',
  'not-found': 'There is no such thing, or it is another tenant’s.',
  'not-acceptable': 'None of the media types in Accept can be given.',
  'request-too-large': 'The body is too long.',
  'quota-exceeded':
    'Too many requests, or too much work, with this key or token this minute: try again in the next.',
  'integrity-broken': 'What is stored is not what was sealed. It is not given; an alarm is raised.',
  throttled: 'Something that is needed is overloaded: try again.',
  unavailable: 'Something that is needed does not answer: try again.',
  internal: 'Something failed on our side.',
};

const codes = Object.keys(problems) as ProblemCode[];

export const problemSchema = z
  .object({
    type: z.string().describe('urn:sealtrail:error:<code>'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('For people; may change.'),
    code: z
      .enum(codes as [ProblemCode, ...ProblemCode[]])
      .describe(codes.map((code) => `${code} (${statuses[code]}): ${problems[code]}`).join('\n')),
    serverTime: z.iso.datetime().describe('By which a client sets its clock.'),
  })
  .describe('A problem (RFC 9457). Callers branch on `code`.');
