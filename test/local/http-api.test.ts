import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createHttpApi, type HttpApi } from '../../src/local/http-api.ts';
import type { InvokeResult } from '../../src/local/lambda/invoke-result.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(api: HttpApi, create: () => Server = createServer): Promise<string> {
  const server = create().on('request', api.handle);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A function that answers this, and tells the events it was given. */
function stub(result: unknown = {}) {
  const events: Record<string, unknown>[] = [];
  return {
    events,
    invoke: async (event: unknown): Promise<InvokeResult> => {
      events.push(event as Record<string, unknown>);
      return { kind: 'ok', payload: result };
    },
  };
}

const answering = (result: InvokeResult) => ({ invoke: async () => result });

test('the event has the shape of payload format 2.0', async () => {
  const api = createHttpApi();
  const fn = stub();
  api.route('GET /v1/events/{id}', fn);
  const url = await serve(api);
  await fetch(`${url}/v1/events/a%2Fb%20c?limit=5&actor=x&actor=y%2Cz&empty=`, {
    headers: { 'User-Agent': 'test/1', Cookie: 'a=1; b=2', 'X-Forwarded-For': '10.0.0.1' },
  });
  const { host } = new URL(url);
  expect(fn.events).toEqual([
    {
      version: '2.0',
      routeKey: 'GET /v1/events/{id}',
      rawPath: '/v1/events/a%2Fb%20c',
      rawQueryString: 'limit=5&actor=x&actor=y%2Cz&empty=',
      cookies: ['a=1', 'b=2'],
      headers: expect.objectContaining({
        host,
        'user-agent': 'test/1',
        'x-forwarded-for': '10.0.0.1, 127.0.0.1',
        'x-forwarded-port': new URL(url).port,
        'x-forwarded-proto': 'http',
      }),
      queryStringParameters: { limit: '5', actor: 'x,y,z', empty: '' },
      pathParameters: { id: 'a/b c' },
      requestContext: {
        accountId: 'anonymous',
        apiId: 'local',
        domainName: host,
        domainPrefix: '127',
        http: {
          method: 'GET',
          path: '/v1/events/a%2Fb%20c',
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: 'test/1',
        },
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        routeKey: 'GET /v1/events/{id}',
        stage: '$default',
        time: expect.stringMatching(/^\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
        timeEpoch: expect.closeTo(Date.now(), -4),
      },
      isBase64Encoded: false,
    },
  ]);
  expect(fn.events[0]?.['headers']).not.toHaveProperty('cookie');
});

test('two Authorization headers reach the function, joined', async () => {
  const api = createHttpApi();
  const fn = stub();
  api.route('$default', fn);
  const url = await serve(api);
  await new Promise((resolve, reject) => {
    httpRequest(url, { headers: ['Authorization', 'a', 'authorization', 'b', 'Host', 'x'] })
      .on('response', (response) => response.resume().on('end', resolve))
      .on('error', reject)
      .end();
  });
  expect(fn.events[0]?.['headers']).toMatchObject({ authorization: 'a,b' });
});

test('text and JSON come as they are, other bodies as base64', async () => {
  const api = createHttpApi();
  const fn = stub();
  api.route('POST /', fn);
  const url = await serve(api);
  const post = async (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string>) => {
    await fetch(url, { method: 'POST', body, headers });
    const { body: seen, isBase64Encoded } = fn.events.at(-1) ?? {};
    return [seen, isBase64Encoded];
  };
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const type = (value: string) => ({ 'content-type': value });

  expect(await post('{"ü":1}', type('application/json; charset=utf-8'))).toEqual([
    '{"ü":1}',
    false,
  ]);
  expect(await post('a\nb', type('text/csv'))).toEqual(['a\nb', false]);
  expect(await post('{}', type('application/problem+json'))).toEqual(['{}', false]);
  expect(await post('a=1', type('application/x-www-form-urlencoded'))).toEqual([
    base64('a=1'),
    true,
  ]);
  expect(await post('{}\n', type('application/x-ndjson'))).toEqual([base64('{}\n'), true]);
  expect(await post('{}', type('application/jsonish'))).toEqual([base64('{}'), true]);
  expect(await post(new Uint8Array([1, 255]), {})).toEqual(['Af8=', true]);
  expect(await post(new Uint8Array([0xff]), type('application/json'))).toEqual(['/w==', true]);
  expect(await post('{}', { ...type('application/json'), 'content-encoding': 'gzip' })).toEqual([
    base64('{}'),
    true,
  ]);
});

test('the most specific route is taken', async () => {
  const api = createHttpApi();
  for (const key of [
    '$default',
    'ANY /{proxy+}',
    'GET /v1/{proxy+}',
    'ANY /v1/events/{id}',
    'GET /v1/events/{id}',
    'GET /v1/events/latest',
  ]) {
    api.route(key, answering({ kind: 'ok', payload: { key } }));
  }
  const url = await serve(api);
  const taken = async (method: string, path: string) =>
    ((await (await fetch(url + path, { method })).json()) as { key: string }).key;

  expect(await taken('GET', '/v1/events/latest')).toBe('GET /v1/events/latest');
  expect(await taken('GET', '/v1/events/7')).toBe('GET /v1/events/{id}');
  expect(await taken('PUT', '/v1/events/7')).toBe('ANY /v1/events/{id}');
  expect(await taken('GET', '/v1/events/7/proof')).toBe('GET /v1/{proxy+}');
  expect(await taken('GET', '/elsewhere')).toBe('ANY /{proxy+}');
  expect(await taken('GET', '/')).toBe('$default');
});

test('a greedy parameter takes the rest of the path', async () => {
  const api = createHttpApi();
  const fn = stub();
  api.route('GET /files/{path+}', fn);
  const url = await serve(api);
  await fetch(`${url}/files/a/b%20c`);
  expect(fn.events[0]?.['pathParameters']).toEqual({ path: 'a/b c' });
});

test('without a route for path and method the answer is 404, for a broken path 400', async () => {
  const api = createHttpApi();
  api.route('GET /v1/events/{id}', stub());
  const url = await serve(api);
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(url + path, { method });
    return [response.status, await response.text()];
  };
  const notFound = [404, '{"message":"Not Found"}'];
  expect(await get('/v1/events/1', 'POST')).toEqual(notFound);
  expect(await get('/v1/events')).toEqual(notFound);
  expect(await get('/v1/events/')).toEqual(notFound);
  expect(await get('/v1/events/1', 'OPTIONS')).toEqual(notFound);
  expect((await get('/v1/events/1', 'HEAD'))[0]).toBe(404);
  expect(await get('/v1/events/%ff')).toEqual([400, '{"message":"Bad Request"}']);
});
