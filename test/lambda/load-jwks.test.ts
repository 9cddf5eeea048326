import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { loadJwks } from '../../src/lambda/load-jwks.ts';

// Over the wire: redirects, sizes and time-outs are fetch's own business.

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

const keys = { keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'x', kid: 'one' }] };

/** A server on loopback; answers are by path, and `asked` has the paths that were asked for. */
async function serve(answers: Record<string, object | RequestListener> = {}) {
  const asked: string[] = [];
  const kept: unknown[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    kept.push(request.headers.connection !== 'close');
    const answer = answers[request.url ?? ''];
    if (typeof answer === 'function') return (answer as RequestListener)(request, response);
    response.statusCode = answer === undefined ? 404 : 200;
    response.end(JSON.stringify(answer ?? {}));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  open.push(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, asked, kept, answers };
}

const discoveryPath = '/.well-known/openid-configuration';

async function issuer(
  jwksUri = (url: string) => `${url}/keys`,
  keysAnswer: object | RequestListener = keys,
) {
  const server = await serve({ '/keys': keysAnswer });
  server.answers[discoveryPath] = { issuer: server.url, jwks_uri: jwksUri(server.url), more: 1 };
  return server;
}

const load = (settings: { issuer: string; jwksUri?: string }, timeoutMs?: number) =>
  loadJwks(
    { jwksUri: undefined, ...settings },
    { get: fetch, ...(timeoutMs === undefined ? {} : { timeoutMs }) },
  );

test('keys are where the discovery document says', async () => {
  const { url, asked } = await issuer();
  expect(await load({ issuer: url })).toEqual(keys);
  expect(asked).toEqual([discoveryPath, '/keys']);
});

test('no connection is kept for later', async () => {
  const { url, kept } = await issuer();
  await load({ issuer: url });
  expect(kept).toEqual([false, false]);
});

test('an issuer with a path has its document below it, with or without a slash at its end', async () => {
  const server = await serve({ '/keys': keys });
  for (const path of ['/realms/acme', '/realms/slash/']) {
    const name = server.url + path;
    const place = path.replace(/\/$/, '') + discoveryPath;
    server.answers[place] = { issuer: name, jwks_uri: `${server.url}/keys` };
    expect(await load({ issuer: name })).toEqual(keys);
  }
});

test('keys that are configured are asked for without a look at the document', async () => {
  const { url, asked } = await issuer();
  expect(await load({ issuer: 'https://login.example.com', jwksUri: `${url}/keys` })).toEqual(keys);
  expect(asked).toEqual(['/keys']);
});

test('a document of another issuer is not believed', async () => {
  const { url, asked } = await issuer();
  await expect(load({ issuer: `${url}/` })).rejects.toThrow('of another issuer');
  expect(asked).toEqual([discoveryPath]);
});

test('keys on another host are not asked for', async () => {
  const other = await serve({ '/keys': keys });
  const { url } = await issuer(() => `${other.url}/keys`);
  await expect(load({ issuer: url })).rejects.toThrow('on another host');
  expect(other.asked).toEqual([]);
});

test('a redirect is not followed', async () => {
  const other = await serve({ '/keys': keys });
  const { url } = await issuer(undefined, (_, response) => {
    response.writeHead(302, { location: `${other.url}/keys` }).end();
  });
  await expect(load({ issuer: url })).rejects.toThrow();
  expect(other.asked).toEqual([]);
});

test('no more is read than 128 KiB, however much comes', async () => {
  let ended = false;
  let written = 0;
  const { url } = await issuer(undefined, (_, response) => {
    response.on('close', () => {
      ended = true;
    });
    const chunk = Buffer.alloc(16 * 1024, ' ');
    const write = () => {
      do written += chunk.length;
      while (response.write(chunk));
    };
    response.on('drain', write);
    write();
  });
  await expect(load({ issuer: url })).rejects.toThrow('more than 131072 bytes');
  await expect.poll(() => ended).toBe(true);
  // What the sockets hold comes on top.
  expect(written).toBeLessThan(16 * 1024 * 1024);
});

test.each([
  ['headers', () => {}],
  ['the rest', (_, response) => response.write('{"keys":[')],
] as [string, RequestListener][])(
  'an issuer that never sends %s is given up',
  async (_, answer) => {
    const { url } = await issuer(undefined, answer);
    await expect(load({ issuer: url }, 200)).rejects.toThrow(/timeout|aborted/i);
  },
  5000,
);

test.each([
  ['no keys', {}],
  ['an empty set', { keys: [] }],
  ['keys that are none', { keys: ['x'] }],
  [
    'another status',
    ((_, response) => response.writeHead(500).end(JSON.stringify(keys))) as RequestListener,
  ],
  ['no JSON', ((_, response) => response.end('<html>')) as RequestListener],
])('an answer with %s is an error', async (_, answer) => {
  const { url } = await issuer(undefined, answer);
  await expect(load({ issuer: url })).rejects.toThrow();
});
