import { z } from 'zod';
import { toTime } from '../domain/encoding.ts';
import { SealtrailError } from '../domain/error.ts';
import { idPattern } from '../domain/limits.ts';
import { bearerToken, type Caller } from '../lambda/api-key.ts';
import { type HttpRequest, json, type Operation } from '../lambda/http.ts';
import type { Tenant } from '../store/registry.ts';
import { checkQuota, type Take } from './check-quota.ts';
import type { GrantRequest, IssuedGrant } from './issue-grant.ts';
import { parseBody } from './parse-body.ts';
import { verifyProof } from './proof.ts';
import type { SessionCredentials, SessionRequest } from './vend.ts';
import { writingTenant } from './writing-tenant.ts';

interface CredentialsOptions {
  readonly authenticate: (token: string) => Promise<Caller>;
  readonly tenant: (id: string) => Promise<Tenant | undefined>;
  readonly take: Take;
  readonly issue: (request: GrantRequest) => Promise<IssuedGrant>;
  readonly vend: (request: SessionRequest) => Promise<SessionCredentials>;
  /** What clients write to; `endpoint` only if it is not the region's public one. */
  readonly stream: { readonly arn: string; readonly endpoint: string | undefined };
  /** Where clients reach the API, without a slash at its end, if that is not where requests say that they came in. */
  readonly publicUrl?: string | undefined;
  /** Longest life of a grant, and the one that is given unless asked otherwise. */
  readonly maxSeconds: number;
  /** Epoch ms. */
  readonly now: () => number;
}

/** Largest body. */
const maxBytes = 8 * 1024;

/**
 * `POST /v1/credentials`: a grant for the client's key, and credentials to send what it signs. The checks
 * stand in the order of what they cost; nothing is answered unless everything succeeded.
 */
export function createCredentials(options: CredentialsOptions): Operation {
  const { authenticate, take, issue, vend, stream, maxSeconds, now } = options;
  const region = stream.arn.split(':')[3];
  const publicUrl = options.publicUrl && `${options.publicUrl}/v1/credentials`;
  const schema = bodySchema(maxSeconds);

  return async (request) => {
    const token = bearerToken(request.headers['authorization']);
    const proofText = onlyProof(request);
    const body = parseBody(schema, request.body, maxBytes);

    const caller = await authenticate(token);
    checkNames(body, caller);
    const tenant = await writingTenant(caller, options.tenant);
    await checkQuota(take, caller.keyId, tenant.credentialsPerMinute, now());
    const { path, domain } = request;
    const target = { method: 'POST', domain, path, publicUrl };
    const proof = verifyProof(proofText, { ...target, token, now: now() });

    const seconds = body.durationSeconds ?? maxSeconds;
    const { client } = caller;
    const { id: tenantId, retentionDays, shards } = tenant;
    const issuedAt = Math.floor(now() / 1000);
    // Should the vending fail, the log has a grant that nobody was given: the next try needs a new proof.
    const grant = await issue({
      tenant: tenantId,
      client,
      retentionDays,
      shards,
      proof,
      issuedAt,
      seconds,
    });
    const session = await vend({ grantId: grant.id, tenant: tenantId, client, seconds });

    return json(200, {
      grant: { id: grant.id, jwt: grant.jwt, expiresAt: toTime(grant.expiresAt * 1000) },
      transport: {
        kind: 'kinesis',
        stream: stream.arn,
        region,
        ...(stream.endpoint === undefined ? {} : { endpoint: stream.endpoint }),
        credentials: { ...session, expiresAt: toTime(session.expiresAt) },
      },
      serverTime: toTime(now()),
    });
  };
}

function bodySchema(maxSeconds: number) {
  const id = z.string().regex(idPattern);
  return z.strictObject({
    /** Only to make sure of: both are the key's or token's. */
    tenant: id.optional(),
    client: id.optional(),
    durationSeconds: z.number().int().min(900).max(maxSeconds).optional(),
  });
}

/** RFC 9449 §4.3, 1: not more than one; an HTTP API joins two headers with a comma. */
function onlyProof({ headers }: HttpRequest): string {
  const proof = headers['dpop'];
  if (proof === undefined || proof.includes(','))
    throw new SealtrailError('proof-invalid', 'exactly one DPoP header is needed');
  return proof;
}

function checkNames(
  body: { tenant?: string | undefined; client?: string | undefined },
  key: Caller,
) {
  const { tenant = key.tenant, client = key.client } = body;
  if (tenant !== key.tenant || client !== key.client)
    throw new SealtrailError('forbidden', 'this key or token is of another tenant or client');
}
