import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import express, { type Request } from 'express';
import fastify, { type FastifyRequest } from 'fastify';
import { type Context, Hono } from 'hono';
import { afterEach, describe, expect, test } from 'vitest';
import { auditContext as expressContext } from '../../src/client/express.ts';
import { auditContext as fastifyContext } from '../../src/client/fastify.ts';
import { auditContext as honoContext } from '../../src/client/hono.ts';
import { inContext } from '../../src/client/index.ts';
import { MemoryAudit } from '../../src/client/testing.ts';

const require = createRequire(import.meta.url);
const express4: typeof express = require('express4');

/** An app that records at POST /refund, after it read the body; `user` is set after our middleware. */
type StartApp = (memory: MemoryAudit, options: { readonly trustProxy: boolean }) => Promise<Server>;

async function listen(server: Server): Promise<Server> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const user = (id: unknown) => (id === undefined ? undefined : { type: 'user', id: String(id) });
const refund = async (memory: MemoryAudit) => {
  await new Promise((resolve) => setImmediate(resolve)); // the context must survive an await
  await inContext(memory).record('invoice.refunded');
};

const expressApp =
  (make: typeof express): StartApp =>
  (memory, { trustProxy }) => {
    const app = make();
    if (trustProxy) app.set('trust proxy', 1);
    app.use(expressContext({ actor: ({ headers }: Request) => user(headers['x-user']) }));
    app.use(make.json());
    app.post('/refund', (req, res, next) => {
      refund(memory).then(() => res.json(req.body), next);
    });
    return listen(createServer(app));
  };

const fastifyApp: StartApp = async (memory, { trustProxy }) => {
  const app = fastify({ trustProxy: trustProxy ? '127.0.0.1' : false });
  await app.register(fastifyContext, {
    actor: ({ headers }: FastifyRequest) => user(headers['x-user']),
  });
  app.post('/refund', async (request) => {
    await refund(memory);
    return request.body;
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  return app.server;
};

const honoApp: StartApp = (memory, { trustProxy }) => {
  const app = new Hono();
  // What a proxy of the app's own appends is the last one of the header.
  const ip = (c: Context) => c.req.header('x-forwarded-for')?.split(',').at(-1)?.trim();
  const actor = (c: Context) => user(c.req.header('x-user'));
  app.use(honoContext(trustProxy ? { actor, ip } : { actor }));
  app.onError((error, c) => c.text(error.message, 500));
  app.post('/refund', async (c) => {
    const body = await c.req.json();
    await refund(memory);
    return c.json(body);
  });
  return listen(createServer(getRequestListener(app.fetch)));
};

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

async function post(server: Server, headers: Record<string, string | string[]>): Promise<number> {
  const { port } = server.address() as AddressInfo;
  const body = JSON.stringify({ invoice: 'in_42', note: 'x'.repeat(100_000) });
  const outgoing = request({
    ...{ host: '127.0.0.1', port, path: '/refund', method: 'POST' },
    headers: { 'content-type': 'application/json', 'content-length': body.length, ...headers },
  });
  outgoing.write(body.slice(0, 10));
  await once(server, 'request'); // the app runs before the body is there
  outgoing.end(body.slice(10));
  const [answer] = await once(outgoing, 'response');
  answer.resume();
  await once(answer, 'end');
  return answer.statusCode;
}

const apps: [string, StartApp][] = [
  ['express 5', expressApp(express)],
  ['express 4', expressApp(express4)],
  ['fastify', fastifyApp],
  ['hono', honoApp],
];

describe.each(apps)('%s', (_, start) => {
  async function world(trustProxy = false) {
    const memory = new MemoryAudit();
    const server = await start(memory, { trustProxy });
    server.setMaxListeners(0); // `post` waits on it
    servers.push(server);
    return { memory, server };
  }

  test('what is recorded in a request has who and where, after the body was read', async () => {
    const { memory, server } = await world();
    const headers = { 'user-agent': 'Curl/8', 'x-request-id': 'req-7', traceparent };
    expect(await post(server, { ...headers, 'x-user': 'u_17' })).toBe(200);
    expect(memory.events).toMatchObject([
      {
        action: 'invoice.refunded',
        actor: { type: 'user', id: 'u_17' },
        context: { ip: '127.0.0.1', userAgent: 'Curl/8', requestId: 'req-7' },
        traceparent,
      },
    ]);
  });

  test('requests at the same time do not see each other', async () => {
    const { memory, server } = await world();
    const ids = Array.from({ length: 20 }, (_, n) => `u_${n}`);
    await Promise.all(ids.map((id) => post(server, { 'x-user': id, 'x-request-id': `r-${id}` })));
    expect(memory.events).toHaveLength(20);
    for (const { actor, context } of memory.events)
      expect(context?.requestId).toBe(`r-${actor.id}`);
    expect(memory.events.map(({ actor }) => actor.id).sort()).toEqual(ids.sort());
  });

  test('X-Forwarded-For is nothing by itself', async () => {
    const { memory, server } = await world();
    await post(server, { 'x-user': 'u_17', 'x-forwarded-for': '198.51.100.9' });
    expect(memory.events[0]?.context?.ip).toBe('127.0.0.1');
  });

  test('behind a proxy that the app trusts, the ip is what that proxy saw', async () => {
    const { memory, server } = await world(true);
    await post(server, { 'x-user': 'u_17', 'x-forwarded-for': '198.51.100.9, 203.0.113.7' });
    expect(memory.events[0]?.context?.ip).toBe('203.0.113.7');
  });

  test('no header can prevent a record', async () => {
    const { memory, server } = await world(true);
    const bad = {
      'x-user': 'u_17',
      'x-forwarded-for': 'unknown',
      'x-request-id': 'a b\u00adc'.repeat(40),
      traceparent: '00-00000000000000000000000000000000-b7ad6b7169203331-01',
      'user-agent': 'x'.repeat(5000),
    };
    expect(await post(server, bad)).toBe(200);
    await post(server, { 'x-user': 'u_17', traceparent: [traceparent, traceparent] });
    const [first, second] = memory.events;
    expect(first?.context).toEqual({
      userAgent: 'x'.repeat(2048),
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(first).not.toHaveProperty('traceparent');
    expect(second).not.toHaveProperty('traceparent');
    expect(second?.context?.requestId).not.toBe(first?.context?.requestId);
  });

  test('without an actor nothing is recorded, and the error tells what to do', async () => {
    const { memory, server } = await world();
    expect(await post(server, {})).toBe(500);
    expect(memory.events).toEqual([]);
  });
});
