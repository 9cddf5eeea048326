import { createServer } from 'node:http';
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
