import type { KeyObject } from 'node:crypto';
import type { Fetch } from '../../src/client/internals.ts';
import { generateKey, publicKeyFrom, thumbprint } from '../../src/domain/ed25519.ts';
import { sha256, toTime } from '../../src/domain/encoding.ts';
import { grantHeader, grantId, grantPayload } from '../../src/domain/grant.ts';
import { parseJws, signJws, verifyJws } from '../../src/domain/jws.ts';

export const apiKey = 'st_k1_secret_check';
export const url = 'https://audit.example';

const issuer = generateKey();

export interface IssuedGrant {
  readonly id: string;
  readonly key: KeyObject;
  /** Server's clock, epoch ms. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export interface FakeTokenService {
  readonly fetch: Fetch;
  readonly grants: IssuedGrant[];
  /** Paths of all requests, answered or not. */
  readonly requests: { readonly path: string; readonly status: number; readonly at: number }[];
  /** Grants that have ended: what is told of them. Others are live. */
  readonly ended: Map<string, { readonly state: 'stopped' | 'revoked'; readonly at?: string }>;
  /** What the commits look-up says is stored. */
  readonly stored: Set<string>;
  /** How the next requests end; `up` answers them. */
  mode: 'up' | 'down' | 'hang' | 'error' | 'key-revoked' | 'no-commits-left';
  lifeMs: number;
  client: string;
}

/**
 * A token service in process, that checks proofs as the real one does. `now`: its clock, epoch ms;
 * `endpoint`: where its clients find the stream.
 */
export function fakeTokenService(
  now: () => number,
  { address = url, endpoint }: { address?: string; endpoint?: string } = {},
): FakeTokenService {
  const proofs = new Set<string>();
  const service: FakeTokenService = {
    grants: [],
    requests: [],
    ended: new Map(),
    stored: new Set(),
    mode: 'up',
    lifeMs: 3_600_000,
    client: 'billing',
    fetch: async (target, { headers, body, signal }) => {
      const path = new URL(target).pathname;
      const log = (status: number) => service.requests.push({ path, status, at: now() });
      if (service.mode === 'down') {
        log(0);
        throw new TypeError('fetch failed');
      }
      if (service.mode === 'hang') {
        log(0);
        await new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        });
      }
      const answer = answerTo(path, headers, JSON.parse(body ?? '{}') as Record<string, unknown>);
      log(answer.status);
      return answer.status === 304
        ? new Response(null, answer)
        : Response.json(answer.body, answer);
    },
  };

  const problem = (status: number, code: string) => ({
    status,
    body: { type: 'about:blank', status, code, serverTime: toTime(now()) },
  });

  function answerTo(
    path: string,
    headers: Record<string, string>,
    body: Record<string, unknown>,
  ): { status: number; body: object; headers?: Record<string, string> } {
    if (service.mode === 'error') return problem(503, 'unavailable');
    if (headers['authorization'] !== `Bearer ${apiKey}` || service.mode === 'key-revoked')
      return problem(401, 'unauthenticated');
    if (path.startsWith('/v1/grants/')) {
      const state = service.ended.get(path.slice('/v1/grants/'.length)) ?? { state: 'live' };
      const etag = `"${Object.values(state).join('.')}"`;
      const status = headers['if-none-match'] === etag ? 304 : 200;
      return { status, body: state, headers: { etag } };
    }
    if (path === '/v1/commits') {
      const asked = body['batches'] as { to: string; id: string }[];
      if (asked.length > 100) return problem(400, 'request-invalid');
      if (service.mode === 'no-commits-left')
        return { ...problem(429, 'quota-exceeded'), headers: { 'retry-after': '60' } };
      return { status: 200, body: { committed: asked.map(({ id }) => service.stored.has(id)) } };
    }
    return vend(headers['dpop'] ?? '');
  }

  function vend(proof: string): { status: number; body: object } {
    const jws = parseJws(proof);
    const { jwk, ...header } = JSON.parse(jws?.header ?? '{}');
    const claims = JSON.parse(jws?.payload ?? '{}');
    const key = publicKeyFrom(jwk?.x ?? '');
    const holds =
      jws !== undefined &&
      key !== undefined &&
      verifyJws(jws, key) &&
      JSON.stringify(header) === '{"typ":"dpop+jwt","alg":"EdDSA"}' &&
      claims.htm === 'POST' &&
      claims.htu === `${address}/v1/credentials` &&
      claims.ath === sha256(apiKey).toString('base64url') &&
      Math.abs(claims.iat * 1000 - now()) <= 60_000 &&
      !proofs.has(claims.jti);
    if (!holds) return problem(401, 'proof-invalid');
    proofs.add(claims.jti);
    const id = grantId(thumbprint(jwk), claims.jti);
    const expiresAt = now() + service.lifeMs;
    service.grants.push({ id, key, issuedAt: now(), expiresAt });
    const payload = grantPayload({
      iss: 'sealtrail/test',
      sub: service.client,
      tenant: 'acme',
      jti: id,
      cnf: { jwk },
      iat: Math.floor(now() / 1000),
      exp: Math.floor(expiresAt / 1000),
      retentionDays: 365,
      shards: 1,
    });
    return {
      status: 200,
      body: {
        grant: {
          id,
          jwt: signJws(grantHeader(thumbprint(issuer.jwk)), payload, issuer.privateKey),
          expiresAt: toTime(expiresAt),
        },
        transport: {
          kind: 'kinesis',
          stream: 'arn:aws:kinesis:eu-central-1:123456789012:stream/events',
          region: 'eu-central-1',
          ...(endpoint === undefined ? {} : { endpoint }),
          credentials: {
            accessKeyId: `AKIA${service.grants.length}`,
            secretAccessKey: 'secret',
            sessionToken: 'token',
            expiresAt: toTime(expiresAt),
          },
        },
        serverTime: toTime(now()),
      },
    };
  }

  return service;
}
