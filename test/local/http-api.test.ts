import { createServer, request as httpRequest } from 'node:http';
import { connect, createServer as createH2cServer } from 'node:http2';
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

/** An API with one `$default` route that answers this. */
async function only(payload: unknown): Promise<string> {
  const api = createHttpApi();
  api.route('$default', answering({ kind: 'ok', payload }));
  return serve(api);
}

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

test('status, headers, cookies and a text body of the answer are passed on', async () => {
  const url = await only({
    statusCode: 201,
    headers: { Location: '/v1/events/1', 'X-Count': 3, 'Content-Length': '999' },
    cookies: ['a=1', 'b=2; Secure'],
    body: 'grüezi',
  });
  const response = await fetch(url);
  expect(response.status).toBe(201);
  expect(response.headers.get('location')).toBe('/v1/events/1');
  expect(response.headers.get('x-count')).toBe('3');
  expect(response.headers.get('content-type')).toBe('text/plain;charset=UTF-8');
  expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2; Secure']);
  expect(await response.text()).toBe('grüezi');
});

test('a base64 body is decoded', async () => {
  const url = await only({ statusCode: 200, body: 'Af8=', isBase64Encoded: true });
  expect(new Uint8Array(await (await fetch(url)).arrayBuffer())).toEqual(new Uint8Array([1, 255]));
});

test('an answer without a status code is a JSON body', async () => {
  for (const [payload, body] of [
    [{ message: 'hi' }, '{"message":"hi"}'],
    [[1, 2], '[1,2]'],
    ['hi', 'hi'],
    [null, 'null'],
  ]) {
    const response = await fetch(await only(payload));
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.text()).toBe(body);
  }
});

test('HEAD gets the headers only', async () => {
  const response = await fetch(await only({ statusCode: 200, headers: { etag: 'x' }, body: 'y' }), {
    method: 'HEAD',
  });
  expect([response.status, response.headers.get('etag'), await response.text()]).toEqual([
    200,
    'x',
    '',
  ]);
});

test('what the function cannot do is an internal error, and tells nothing of it', async () => {
  const api = createHttpApi();
  const results: Record<string, InvokeResult> = {
    error: { kind: 'error', type: 'TypeError', message: 'secret' },
    timeout: { kind: 'timeout' },
    crash: { kind: 'crash', reason: 'exit status 1' },
    status: { kind: 'ok', payload: { statusCode: 'fine' } },
    early: { kind: 'ok', payload: { statusCode: 100 } },
    body: { kind: 'ok', payload: { statusCode: 200, body: { not: 'text' } } },
    header: { kind: 'ok', payload: { statusCode: 200, headers: { a: 'b\r\nc: d' } } },
  };
  for (const [name, result] of Object.entries(results)) {
    api.route(`GET /${name}`, answering(result));
  }
  api.route('GET /throws', { invoke: () => Promise.reject(new Error('secret')) });
  const url = await serve(api);
  for (const name of [...Object.keys(results), 'throws']) {
    const response = await fetch(`${url}/${name}`);
    expect([name, response.status, await response.text()]).toEqual([
      name,
      500,
      '{"message":"Internal Server Error"}',
    ]);
  }
});

test('a function that is being deployed, or takes too long, is 503', async () => {
  const api = createHttpApi({ integrationMilliseconds: 20 });
  const message = 'updating';
  api.route(
    'GET /paused',
    answering({ kind: 'error', type: 'ResourceConflictException', message, refused: 'throttled' }),
  );
  api.route('GET /slow', { invoke: () => new Promise(() => {}) });
  const url = await serve(api);
  for (const path of ['/paused', '/slow']) {
    const response = await fetch(url + path);
    expect([response.status, await response.text()]).toEqual([
      503,
      '{"message":"Service Unavailable"}',
    ]);
  }
});

test('a body of 10 MB is let through, a larger one and one too large for the function are 413', async () => {
  const api = createHttpApi();
  const fn = stub();
  api.route('POST /', fn);
  api.route(
    'POST /small',
    answering({ kind: 'error', type: 'Too', message: 'large', refused: 'too-large' }),
  );
  const url = await serve(api);
  const post = (path: string, size: number) =>
    fetch(url + path, { method: 'POST', body: Buffer.alloc(size) });
  const limit = 10 * 1024 * 1024;
  expect((await post('/', limit)).status).toBe(200);
  const refused = await post('/', 2 * limit);
  expect([refused.status, await refused.text()]).toEqual([
    413,
    '{"message":"Request Entity Too Large"}',
  ]);
  expect((await post('/small', 10)).status).toBe(413);
  expect(fn.events).toHaveLength(1);
});

test('it serves HTTP/2 without TLS', async () => {
  const api = createHttpApi();
  const fn = stub({ statusCode: 200, headers: { connection: 'close' }, body: 'ok' });
  api.route('POST /v1', fn);
  const url = await serve(api, createH2cServer as () => Server);
  const session = connect(url);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/v1?a=1',
    'content-type': 'text/a',
  });
  stream.end('hello');
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  session.close();
  expect(Buffer.concat(chunks).toString()).toBe('ok');
  expect(fn.events[0]).toMatchObject({
    rawPath: '/v1',
    body: 'hello',
    headers: { host: new URL(url).host },
    requestContext: { domainName: new URL(url).host, http: { protocol: 'HTTP/2.0' } },
  });
  expect(fn.events[0]?.['headers']).not.toHaveProperty(':path');
});
