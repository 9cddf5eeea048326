import { z } from 'zod';
import { SealtrailError } from '../domain/error.ts';
import { idPattern } from '../domain/limits.ts';
import { bearerToken, type Caller } from '../lambda/api-key.ts';
import { type HttpRequest, json, type Operation } from '../lambda/http.ts';
import type { Tenant } from '../store/registry.ts';
import { checkQuota, type Take } from './check-quota.ts';
import { issueSession, type SessionIssuerOptions } from './issue-session.ts';
import { parseBody } from './parse-body.ts';
import { verifyProof } from './proof.ts';
import { writingTenant } from './writing-tenant.ts';

interface CredentialsOptions extends SessionIssuerOptions {
  readonly authenticate: (token: string) => Promise<Caller>;
  readonly tenant: (id: string) => Promise<Tenant | undefined>;
  readonly take: Take;
  /** Where clients reach the API, without a slash at its end, if that is not where requests say that they came in. */
  readonly publicUrl?: string | undefined;
  /** Longest life of a grant, and the one that is given unless asked otherwise. */
  readonly maxSeconds: number;
}

/** Largest body. */
const maxBytes = 8 * 1024;

/**
 * `POST /v1/credentials`: a grant for the client's key, and credentials to send what it signs. The checks
 * stand in the order of what they cost; nothing is answered unless everything succeeded.
 */
export function createCredentials(options: CredentialsOptions): Operation {
  const { authenticate, take, maxSeconds, now } = options;
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
    const { client, keyId } = caller;
    return json(200, await issueSession(options, { tenant, client, keyId, proof, seconds }));
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
