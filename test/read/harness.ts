import type {
  APIGatewayProxyEventV2,
  APIGatewayProxyStructuredResultV2,
  Context,
} from 'aws-lambda';
import type { ApiKeyRecord } from '../../src/domain/api-key.ts';
import { httpHandler } from '../../src/lambda/http.ts';
import { createLog } from '../../src/lambda/log.ts';
import type { KnownGrant } from '../../src/lambda/verified-grants.ts';
import { authenticateReader } from '../../src/read/access.ts';
import { authenticateViewer } from '../../src/read/authenticate-viewer.ts';
import { feed } from '../../src/read/feed.ts';
import { getEvent } from '../../src/read/get-event.ts';
import { getProof } from '../../src/read/get-proof.ts';
import { listBatches } from '../../src/read/list-batches.ts';
import { listEvents, type ReadOptions } from '../../src/read/list-events.ts';
import { type QuarantineBucket, quarantine } from '../../src/read/quarantine.ts';
import { stats } from '../../src/read/stats.ts';
import { viewerTokens } from '../../src/read/viewer-tokens.ts';
import { MemoryStore } from '../fake/memory-store.ts';
import { type Signer, signer } from '../fixture/batches.ts';
import { grantFor, storedBatch } from '../fixture/stored.ts';

export const now = Date.parse('2026-03-01T12:00:00.000Z');

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly bytes: Buffer;
  // biome-ignore lint/suspicious/noExplicitAny: what is asserted on is the test's business.
  readonly body: any;
}

interface Asked {
  readonly key?: string;
  readonly id?: string;
  readonly accept?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const anyKey: ApiKeyRecord = {
  hash: Buffer.alloc(32),
  tenant: 'acme',
  client: 'reader',
  scopes: new Set(['read']),
  created: '2026-01-01T00:00:00.000Z',
};

/** The read API over a store in memory. Keys: `key-of-<tenant>`, `key-of-all`, and `writer`, which may not read. */
export function readHarness() {
  const clock = { now };
  const store = new MemoryStore(() => clock.now);
  const grants = new Map<string, KnownGrant>();
  const objects = new Map<string, string>();
  const bucketCalls: string[] = [];
  const bucket: QuarantineBucket = {
    async list(prefix, after, limit) {
      bucketCalls.push(`list ${prefix}`);
      const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after);
      return keys.sort().slice(0, limit);
    },
    async get(key) {
      bucketCalls.push(`get ${key}`);
      return objects.get(key);
    },
  };
  const logged: string[] = [];
  const log = createLog('test', (text) => logged.push(text));
  const revoked = new Set<string>();
  const authenticate = authenticateReader(async (key) => ({
    keyId: key.replace('key-of-', 'kid'),
    tenant: key === 'key-of-all' ? '*' : key.replace('key-of-', ''),
    client: 'reader',
    scopes: new Set([key === 'writer' ? 'write' : 'read'] as const),
  }));
  const viewerSecret = async () => Buffer.alloc(32, 9);
  let tokens = 0;
  const options: ReadOptions = {
    reader: store,
    grants: async () => grants,
    authenticate,
    authenticateAny: authenticateViewer({
      byKey: authenticate,
      viewerSecret,
      lookup: async (id) => (revoked.has(id) ? undefined : anyKey),
      now: () => clock.now,
    }),
    secret: async () => Buffer.alloc(32, 7),
    now: () => clock.now,
    log,
  };
  const handler = httpHandler(
    {
      'GET /v1/events': listEvents(options),
      'GET /v1/events/{id}': getEvent(options),
      'GET /v1/events/{id}/proof': getProof(options),
      'GET /v1/batches': listBatches(options),
      'GET /v1/feed': feed(options),
      'GET /v1/stats': stats(options),
      'GET /v1/quarantine': quarantine({ ...options, bucket }),
      'POST /v1/viewer-tokens': viewerTokens({
        ...options,
        viewerSecret,
        newId: () => `viewer-${++tokens}`,
      }),
    },
    log,
    'Read',
  );

  async function ask(
    routeKey: string,
    query: string,
    {
      key = 'key-of-acme',
      id = '',
      accept = '*/*',
      body: sent = '',
      headers: more = {},
    }: Asked = {},
  ): Promise<Answer> {
    const event = {
      routeKey,
      rawPath: routeKey.split(' ')[1]?.replace('{id}', id),
      rawQueryString: query,
      headers: { authorization: `Bearer ${key}`, accept, ...more },
      body: sent,
      pathParameters: { id },
      requestContext: { domainName: 'api.example' },
    } as unknown as APIGatewayProxyEventV2;
    const result: APIGatewayProxyStructuredResultV2 = await handler(event, {} as Context);
    const { statusCode = 0, headers = {}, body = '', isBase64Encoded = false } = result;
    const bytes = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
    const text = bytes.toString();
    const isJson =
      String(headers['content-type']).endsWith('json') && text !== '' && !isBase64Encoded;
    return {
      status: statusCode,
      headers,
      text,
      bytes,
      body: isJson ? JSON.parse(text) : undefined,
    };
  }

  return {
    clock,
    store,
    grants,
    client(over: Partial<KnownGrant> = {}): Signer {
      const who = signer();
      grants.set(who.grantId, grantFor(who, over));
      return who;
    },
    async add(
      who: Signer,
      lines: readonly Buffer[],
      over: Partial<Parameters<typeof storedBatch>[1]> = {},
    ) {
      const grant = grants.get(who.grantId);
      if (grant === undefined) throw new Error('this client has no grant');
      const batch = storedBatch(lines, { who, grant, ...over });
      await store.insert([batch]);
      return batch;
    },
    ask,
    list: (query = '', as: Asked = {}) => ask('GET /v1/events', query, as),
    one: (id: string, as: Asked = {}, query = '') =>
      ask('GET /v1/events/{id}', query, { ...as, id }),
    feed: (query = '', as: Asked = {}) => ask('GET /v1/feed', query, as),
    stats: (query = '', as: Asked = {}) => ask('GET /v1/stats', query, as),
    quarantine: (query = '', as: Asked = {}) => ask('GET /v1/quarantine', query, as),
    viewerToken: (body: object, as: Asked = {}) =>
      ask('POST /v1/viewer-tokens', '', { ...as, body: JSON.stringify(body) }),
    /** Revokes the key `key-of-<tenant>`. */
    revoke: (tenant: string) => revoked.add(`kid${tenant}`),
    /** Objects of the quarantine, by key. */
    quarantined: objects,
    bucketCalls,
    proof: (id: string, as: Asked = {}, query = '') =>
      ask('GET /v1/events/{id}/proof', query, { ...as, id }),
    batches: (query = '', as: Asked = {}) => ask('GET /v1/batches', query, as),
    counted: (metric: string) =>
      logged.map((text) => JSON.parse(text)).reduce((sum, entry) => sum + (entry[metric] ?? 0), 0),
  };
}
