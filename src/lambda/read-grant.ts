import { z } from 'zod';
import { idPattern } from '../domain/limits.ts';

export { readClient } from '../domain/access-log.ts';

/**
 * What the read function invokes the token function with, to be able to record reads in a tenant's log: a grant for
 * its own fresh key. It never comes over HTTP: the events that API Gateway makes have no such member, and who may
 * invoke the token function directly is for IAM to say.
 */
export const readGrantSchema = z.strictObject({
  readGrant: z.strictObject({
    tenant: z.string().regex(idPattern),
    /** The public key, a JWK. */
    jwk: z.unknown(),
    /** Unique to this request: the grant's id comes of it. */
    jti: z.string().regex(/^[A-Za-z0-9._-]{8,128}$/),
  }),
});
export type ReadGrantEvent = z.infer<typeof readGrantSchema>;
export type ReadGrantRequest = ReadGrantEvent['readGrant'];

/** `answer` is that of `POST /v1/credentials`. A tenant that is not registered has no log to record in. */
export const readGrantAnswer = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('session'), answer: z.unknown() }),
  z.strictObject({ kind: z.literal('unregistered') }),
]);
export type ReadGrantAnswer = z.infer<typeof readGrantAnswer>;
