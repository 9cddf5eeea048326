import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { PublicJwk } from '../domain/ed25519.ts';
import { fromTime } from '../domain/encoding.ts';
import { SealtrailError } from '../domain/error.ts';
import { parseJws } from '../domain/jws.ts';
import { idPattern } from '../domain/limits.ts';
import type { Internals, StreamClient } from './internals.ts';

/** What a grant lets the client do, until when. */
export interface Session {
  readonly grantId: string;
  /** Signs this grant's batches. */
  readonly key: KeyObject;
  readonly client: string;
  readonly tenant: string;
  readonly retentionDays: number;
  /** Server's clock, epoch ms: the end of the grant or of the credentials, whichever is first. */
  readonly expiresAt: number;
  /** ARN. */
  readonly stream: string;
  readonly kinesis: StreamClient;
}

const time = z.string().transform((text, context) => {
  const ms = fromTime(text);
  if (ms === undefined) context.addIssue('RFC 3339, UTC, ms');
  return ms ?? z.NEVER;
});

/** The answer of `POST /v1/credentials`. Members that a later service adds are let pass. */
const answerSchema = z.object({
  grant: z.object({ id: z.string(), jwt: z.string(), expiresAt: time }),
  transport: z.object({
    kind: z.literal('kinesis', 'this version of the SDK knows no such transport; upgrade it'),
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
});

const payloadSchema = z.object({
  sub: z.string().regex(idPattern),
  tenant: z.string(),
  jti: z.string(),
  cnf: z.object({ jwk: z.object({ x: z.string() }) }),
  retentionDays: z.number(),
});

/**
 * The session that the token service's answer makes with the key that was proved. The issuer's signature
 * is the consumer's to check: here the answer is trusted, as it came over TLS from the configured
 * address, but it must belong to this request. Throws `grant-invalid`.
 */
export function sessionOf(
  answer: unknown,
  proved: { readonly grantId: string; readonly privateKey: KeyObject; readonly jwk: PublicJwk },
  kinesis: Internals['kinesis'],
  clockOffset: number,
): Session {
  const parsed = answerSchema.safeParse(answer);
  if (!parsed.success)
    throw new SealtrailError('grant-invalid', `credentials: ${z.prettifyError(parsed.error)}`);
  const { grant, transport } = parsed.data;
  const payload = payloadOf(grant.jwt);
  const isOurs =
    grant.id === proved.grantId && payload.jti === grant.id && payload.cnf.jwk.x === proved.jwk.x;
  if (!isOurs)
    throw new SealtrailError('grant-invalid', 'the grant is not for the key that was proved');
  const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = transport.credentials;
  return {
    grantId: grant.id,
    key: proved.privateKey,
    client: payload.sub,
    tenant: payload.tenant,
    retentionDays: payload.retentionDays,
    expiresAt: Math.min(grant.expiresAt, expiresAt),
    stream: transport.stream,
    kinesis: kinesis({
      region: transport.region,
      ...(transport.endpoint === undefined ? {} : { endpoint: transport.endpoint }),
      credentials: { accessKeyId, secretAccessKey, sessionToken },
      systemClockOffset: clockOffset, // a request signed over 5 min off would be refused
    }),
  };
}

function payloadOf(jwt: string): z.output<typeof payloadSchema> {
  try {
    return payloadSchema.parse(JSON.parse(parseJws(jwt)?.payload ?? ''));
  } catch (cause) {
    throw new SealtrailError('grant-invalid', 'the grant is not a JWT of ours', { cause });
  }
}
