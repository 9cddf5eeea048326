import { generateKeyPairSync, type KeyObject, sign as signBytes } from 'node:crypto';
import type { AssumeRoleCommandInput } from '@aws-sdk/client-sts';
import type {
  APIGatewayProxyEventV2,
  APIGatewayProxyStructuredResultV2,
  Context,
} from 'aws-lambda';
import { type ApiKeyRecord, mintApiKey, type Scope } from '../../src/domain/api-key.ts';
import { generateKey, type PublicJwk } from '../../src/domain/ed25519.ts';
import { sha256 } from '../../src/domain/encoding.ts';
import { signJws } from '../../src/domain/jws.ts';
import { authenticateApiKey } from '../../src/lambda/api-key.ts';
import { authenticator } from '../../src/lambda/authenticate.ts';
import type { OidcIssuer } from '../../src/lambda/env.ts';
import type { Get } from '../../src/lambda/fetch-json.ts';
import { httpHandler } from '../../src/lambda/http.ts';
import { issuerKeys } from '../../src/lambda/issuer-keys.ts';
import { createLog } from '../../src/lambda/log.ts';
import type { LoggedGrant } from '../../src/store/grant-log.ts';
import type { Tenant } from '../../src/store/registry.ts';
import { createCommits } from '../../src/token/commits.ts';
import { createCredentials } from '../../src/token/credentials.ts';
import { createGrantState } from '../../src/token/grant-state.ts';
import { grantIssuer } from '../../src/token/issue-grant.ts';
import { createJwks } from '../../src/token/jwks.ts';
import { sessionVendor } from '../../src/token/vend.ts';

export const issuerName = 'sealtrail/test';
export const streamArn = 'arn:aws:kinesis:eu-central-1:123456789012:stream/events';
export const domain = 'audit.example.com';
export const acme: Tenant = { id: 'acme', retentionDays: 400, shards: 1, credentialsPerMinute: 3 };
/** 2023-11-14T22:13:20.000Z */
export const start = 1_700_000_000_000;

/** What an answer of the service comes to. */
export interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: what the test expects of it is the check
  readonly body: any;
}

/** The token service with everything behind it faked in memory; the fakes can be changed, and count. */
export function tokenService(
  over: { endpoint?: string; keyTimes?: string; issuers?: readonly OidcIssuer[]; get?: Get } = {},
) {
  const issuerPairs = new Map(
    ['arn:current', 'arn:retired'].map((arn) => [arn, generateKeyPairSync('ed25519')]),
  );
  const pair = (arn: string) => {
    const found = issuerPairs.get(arn);
    if (found === undefined) throw new Error(`no key ${arn}`);
    return found;
  };
  const fake = {
    now: start,
    apiKeys: new Map<string, ApiKeyRecord>(),
    tenants: new Map<string, Tenant>([[acme.id, acme]]),
    grants: new Map<string, { jwt: string; about: object }>(),
    loggedGrants: new Map<string, LoggedGrant>(),
    stored: new Set<string>(),
    /** Names of the calls in their order. */
    calls: [] as string[],
    /** Calls that fail. */
    down: new Set<string>(),
    assumed: [] as AssumeRoleCommandInput[],
    storedAsked: [] as unknown[],
    logged: [] as string[],
  };
  const counts = new Map<string, number>();
  const call = (name: string) => {
    fake.calls.push(name);
    if (fake.down.has(name)) throw new Error(`${name} is down`);
  };
  const now = () => fake.now;
  const keys = issuerKeys('arn:current,arn:retired', async (arn) => {
    call('getPublicKey');
    return pair(arn).publicKey.export({ type: 'spki', format: 'der' });
  });
  const byKey = authenticateApiKey({
    async lookup(id) {
      call('lookup');
      return fake.apiKeys.get(id);
    },
    now,
  });
  const tenant = async (id: string) => {
    call('tenant');
    return fake.tenants.get(id);
  };
  const { issuers = [], get = fetch } = over;
  const authenticate = authenticator({ byKey, issuers, tenant, get, now });
  const take = async (name: string, limit: number, at: number) => {
    call('take');
    const slot = `${name}#${Math.floor(at / 60_000)}`;
    const count = (counts.get(slot) ?? 0) + 1;
    if (count > limit) return false;
    counts.set(slot, count);
    return true;
  };
  const credentials = createCredentials({
    authenticate,
    tenant,
    take,
    issue: grantIssuer({
      name: issuerName,
      keys,
      async sign(arn, message) {
        call('sign');
        return signBytes(null, message, pair(arn).privateKey);
      },
      async insert(id, jwt, about) {
        call('insert');
        if (fake.grants.has(id)) return 'replayed';
        fake.grants.set(id, { jwt, about });
        return 'inserted';
      },
    }),
    vend: sessionVendor({
      roleArn: 'arn:aws:iam::123456789012:role/writer',
      streamArn,
      async assumeRole(input) {
        call('assumeRole');
        fake.assumed.push(input);
        return {
          Credentials: {
            AccessKeyId: 'ASIAEXAMPLE',
            SecretAccessKey: 'a-secret-access-key',
            SessionToken: 'a-session-token',
            Expiration: new Date(fake.now + (input.DurationSeconds ?? 0) * 1000),
          },
        };
      },
    }),
    stream: { arn: streamArn, endpoint: over.endpoint },
    maxSeconds: 3600,
    now,
  });
  const handler = httpHandler(
    {
      'POST /v1/credentials': credentials,
      'POST /v1/commits': createCommits({
        authenticate,
        tenant,
        take,
        now,
        async stored(...asked) {
          call('stored');
          fake.storedAsked.push(asked);
          return asked[2].map(({ id }) => fake.stored.has(id));
        },
      }),
      'GET /v1/grants/{id}': createGrantState({
        authenticate,
        tenant,
        take,
        now,
        async find(ids) {
          call('find');
          return new Map(
            ids.flatMap((id) => {
              const logged = fake.loggedGrants.get(id);
              return logged === undefined ? [] : [[id, logged] as const];
            }),
          );
        },
      }),
      'GET /.well-known/jwks.json': createJwks(keys, over.keyTimes),
    },
    createLog('test', (line) => fake.logged.push(line)),
    'Token',
  );

  return {
    fake,
    issuerPublicKey: (arn: string) => pair(arn).publicKey,
    /** Adds an API key; gives its text. */
    addKey(key: Partial<ApiKeyRecord> & { scopes?: ReadonlySet<Scope> } = {}): string {
      const { id, text, hash } = mintApiKey();
      fake.apiKeys.set(id, {
        hash,
        tenant: 'acme',
        client: 'billing',
        scopes: new Set(['write']),
        created: '2023-01-01T00:00:00.000Z',
        ...key,
      });
      return text;
    },
    async call(route: string, request: RequestParts): Promise<Answer> {
      return answerOf(await handler(eventOf(route, request), {} as Context));
    },
  };
}

export interface RequestParts {
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  readonly domain?: string;
  /** Of the path. */
  readonly params?: Record<string, string>;
}

export function eventOf(route: string, request: RequestParts): APIGatewayProxyEventV2 {
  const [method, path] = route.split(' ');
  const { headers = {}, body, params } = request;
  return {
    version: '2.0',
    routeKey: route,
    rawPath: path,
    rawQueryString: '',
    ...(params && { pathParameters: params }),
    headers,
    requestContext: { domainName: request.domain ?? domain, http: { method, path } },
    ...(typeof body === 'string' ? { body } : {}),
    ...(Buffer.isBuffer(body) ? { body: body.toString('base64') } : {}),
    isBase64Encoded: Buffer.isBuffer(body),
  } as unknown as APIGatewayProxyEventV2;
}

export function answerOf(result: APIGatewayProxyStructuredResultV2): Answer {
  return {
    status: result.statusCode ?? 0,
    headers: result.headers ?? {},
    body: JSON.parse(result.body || 'null'),
  };
}

let proofs = 0;

/** A DPoP proof as the SDK makes it; `claims` and `header` are put over its own, `signer` signs instead. */
export function proofFor(
  token: string,
  over: {
    key?: { privateKey: KeyObject; jwk: PublicJwk };
    claims?: object;
    header?: object;
    signer?: KeyObject;
  } = {},
): string {
  const { privateKey, jwk } = over.key ?? generateKey();
  const header = { typ: 'dpop+jwt', alg: 'EdDSA', jwk, ...over.header };
  const claims = {
    jti: `a-proof-${++proofs}`,
    htm: 'POST',
    htu: `https://${domain}/v1/credentials`,
    iat: start / 1000,
    ath: sha256(token).toString('base64url'),
    ...over.claims,
  };
  return signJws(JSON.stringify(header), JSON.stringify(claims), over.signer ?? privateKey);
}

/** What the SDK would send for this API key, and what is put over it. */
export function credentialsRequest(
  token: string,
  over: RequestParts & { dpop?: string } = {},
): RequestParts {
  const { dpop = proofFor(token), headers, ...rest } = over;
  return { headers: { authorization: `Bearer ${token}`, dpop, ...headers }, ...rest };
}
