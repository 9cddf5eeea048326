import type {
  APIGatewayProxyEventV2,
  APIGatewayProxyStructuredResultV2,
  Context,
} from 'aws-lambda';
import { httpHandler } from '../../src/lambda/http.ts';
import { createLog } from '../../src/lambda/log.ts';
import type { KnownGrant } from '../../src/lambda/verified-grants.ts';
import { authenticateReader } from '../../src/read/access.ts';
import { feed } from '../../src/read/feed.ts';
import { getEvent } from '../../src/read/get-event.ts';
import { getProof } from '../../src/read/get-proof.ts';
import { listBatches } from '../../src/read/list-batches.ts';
import { listEvents, type ReadOptions } from '../../src/read/list-events.ts';
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

/** The read API over a store in memory. Keys: `key-of-<tenant>`, `key-of-all`, and `writer`, which may not read. */
export function readHarness() {
  const clock = { now };
  const store = new MemoryStore(() => clock.now);
  const grants = new Map<string, KnownGrant>();
  const logged: string[] = [];
  const log = createLog('test', (text) => logged.push(text));
  const options: ReadOptions = {
    reader: store,
    grants: async () => grants,
    authenticate: authenticateReader(async (key) => ({
      keyId: key,
      tenant: key === 'key-of-all' ? '*' : key.replace('key-of-', ''),
      client: 'reader',
      scopes: new Set([key === 'writer' ? 'write' : 'read'] as const),
    })),
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
    },
    log,
    'Read',
  );

  async function ask(
    routeKey: string,
    query: string,
    { key = 'key-of-acme', id = '', accept = '*/*' } = {},
  ): Promise<Answer> {
    const event = {
      routeKey,
      rawPath: routeKey.slice(4),
      rawQueryString: query,
      headers: { authorization: `Bearer ${key}`, accept },
      pathParameters: { id },
      requestContext: { domainName: 'api.example' },
    } as unknown as APIGatewayProxyEventV2;
    const result: APIGatewayProxyStructuredResultV2 = await handler(event, {} as Context);
    const { statusCode = 0, headers = {}, body = '', isBase64Encoded = false } = result;
    const bytes = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
    const text = bytes.toString();
    const isJson = String(headers['content-type']).endsWith('json') && !isBase64Encoded;
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
    list: (query = '', as: Parameters<typeof ask>[2] = {}) => ask('GET /v1/events', query, as),
    one: (id: string, as: Parameters<typeof ask>[2] = {}, query = '') =>
      ask('GET /v1/events/{id}', query, { ...as, id }),
    proof: (id: string, as: Parameters<typeof ask>[2] = {}, query = '') =>
      ask('GET /v1/events/{id}/proof', query, { ...as, id }),
    batches: (query = '', as: Parameters<typeof ask>[2] = {}) => ask('GET /v1/batches', query, as),
    feed: (query = '', as: Parameters<typeof ask>[2] = {}) => ask('GET /v1/feed', query, as),
    counted: (metric: string) =>
      logged.map((text) => JSON.parse(text)).reduce((sum, entry) => sum + (entry[metric] ?? 0), 0),
  };
}
