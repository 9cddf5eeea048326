import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openTaken } from '../fake/event-stream.ts';
import { apiKey } from '../fake/token-service.ts';
import { closeServers, type Listening, listen } from '../fixture/front-over-http.ts';

// The README's examples, which its text is compared to, in front of a token service and a stream.
let front: Listening;

beforeAll(async () => {
  front = await listen();
  vi.stubEnv('SEALTRAIL_URL', front.url);
  vi.stubEnv('SEALTRAIL_API_KEY', apiKey);
});
afterAll(async () => {
  const { audit } = await import('./example/audit.ts');
  await audit.close();
  vi.unstubAllEnvs();
  await closeServers();
});

/** What is on the stream since the last call. */
let seen = 0;
function recorded(): Record<string, unknown>[] {
  const events = openTaken(front.taken, front.token.grants).flatMap(({ lines }) =>
    lines.map(({ bytes }) => JSON.parse(bytes.toString('utf8'))),
  );
  const news = events.slice(seen);
  seen = events.length;
  return news;
}

async function post(server: Server, headers: Record<string, string> = {}): Promise<number> {
  const { port } = server.address() as AddressInfo;
  const answer = await fetch(`http://127.0.0.1:${port}/refund`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ invoice: 'in_42', amount: 1200 }),
  });
  return answer.status;
}

async function started(server: Server): Promise<Server> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const refunded = {
  action: 'invoice.refunded',
  actor: { type: 'user', id: 'u_17' },
  targets: [{ type: 'invoice', id: 'in_42' }],
  metadata: { amount: 1200, currency: 'EUR' },
  schema: 'invoice.refunded/2',
};

test('a token is read from its file for each request to the token service', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sealtrail-token-'));
  const file = join(folder, 'token');
  await writeFile(file, `${apiKey}\n`);
  vi.stubEnv('SEALTRAIL_TOKEN_FILE', file);
  const { audit } = await import('./example/token.ts');
  await audit.record({ action: 'a.b', actor: { type: 'user', id: 'u_1' } });
  await audit.close();
  expect(recorded()).toMatchObject([{ action: 'a.b' }]);
});

test('express, and shutdown', async () => {
  const { server } = await import('./example/shutdown.ts');
  await started(server);
  expect(await post(server, { 'x-forwarded-for': '203.0.113.7' })).toBe(204);
  expect(recorded()).toMatchObject([{ ...refunded, context: { ip: '203.0.113.7' } }]);
  server.closeAllConnections();
  server.close();
});

test('fastify', async () => {
  const { app } = await import('./example/fastify.ts');
  await app.listen({ port: 0, host: '127.0.0.1' });
  expect(await post(app.server)).toBe(204);
  expect(recorded()).toMatchObject([{ ...refunded, context: { ip: '127.0.0.1' } }]);
  await app.close();
});

test('hono', async () => {
  const { app } = await import('./example/hono.ts');
  const server = await started(createServer(getRequestListener(app.fetch)));
  expect(await post(server, { 'x-real-ip': '203.0.113.7' })).toBe(204);
  expect(recorded()).toMatchObject([{ ...refunded, context: { ip: '203.0.113.7' } }]);
  server.closeAllConnections();
  server.close();
});

test('lambda', async () => {
  const { handler } = await import('./example/lambda.ts');
  const event = {
    requestContext: {
      authorizer: { lambda: { userId: 'u_17' } },
      http: { sourceIp: '203.0.113.7', userAgent: 'Curl/8' },
    },
    body: JSON.stringify({ invoice: 'in_42', amount: 1200 }),
  } as Parameters<typeof handler>[0];
  const lambda = { awsRequestId: 'req-7', getRemainingTimeInMillis: () => 30_000 } as Context;
  expect(await handler(event, lambda)).toEqual({ statusCode: 204 });
  const context = { ip: '203.0.113.7', userAgent: 'Curl/8', requestId: 'req-7' };
  expect(recorded()).toMatchObject([{ ...refunded, context }]);
});

test('what must not happen unlogged', async () => {
  const { payOut } = await import('./example/pay-out.ts');
  const { withContext } = await import('../../src/client/index.ts');
  let paid = 0;
  const pay = async () => {
    expect(recorded()).toMatchObject([refunded]);
    paid += 1;
  };
  await withContext({ actor: refunded.actor }, () => payOut('in_42', pay));
  expect(paid).toBe(1);
});

test('a job', async () => {
  const { nightly } = await import('./example/job.ts');
  await nightly();
  const who = { actor: { type: 'job', id: 'nightly' }, correlationId: 'run-7' };
  expect(recorded()).toMatchObject([
    { ...refunded, ...who },
    { action: 'invoices.closed', schema: 'invoices.closed/1', ...who },
  ]);
});
