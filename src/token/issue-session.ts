import { toTime } from '../domain/encoding.ts';
import type { Tenant } from '../store/registry.ts';
import type { GrantRequest, IssuedGrant } from './issue-grant.ts';
import type { Proof } from './proof.ts';
import type { SessionCredentials, SessionRequest } from './vend.ts';

export interface SessionIssuerOptions {
  readonly issue: (request: GrantRequest) => Promise<IssuedGrant>;
  readonly vend: (request: SessionRequest) => Promise<SessionCredentials>;
  /** What clients write to; `endpoint` only if it is not the region's public one. */
  readonly stream: { readonly arn: string; readonly endpoint: string | undefined };
  /** Epoch ms. */
  readonly now: () => number;
}

/** A grant for a proved key, and credentials to send what it signs: the answer of `POST /v1/credentials`. */
export async function issueSession(
  { issue, vend, stream, now }: SessionIssuerOptions,
  request: {
    readonly tenant: Tenant;
    readonly client: string;
    readonly keyId?: string;
    readonly proof: Proof;
    readonly seconds: number;
  },
): Promise<object> {
  const { client, keyId, proof, seconds } = request;
  const { id: tenant, retentionDays, shards } = request.tenant;
  const issuedAt = Math.floor(now() / 1000);
  // Should the vending fail, the log has a grant that nobody was given: the next try needs a new proof.
  const about = { tenant, client, keyId, retentionDays, shards };
  const grant = await issue({ ...about, proof, issuedAt, seconds });
  const session = await vend({ grantId: grant.id, tenant, client, seconds });
  return {
    grant: { id: grant.id, jwt: grant.jwt, expiresAt: toTime(grant.expiresAt * 1000) },
    transport: {
      kind: 'kinesis',
      stream: stream.arn,
      region: stream.arn.split(':')[3],
      ...(stream.endpoint === undefined ? {} : { endpoint: stream.endpoint }),
      credentials: { ...session, expiresAt: toTime(session.expiresAt) },
    },
    serverTime: toTime(now()),
  };
}
