import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createAuditClient } from '../../src/client/index.ts';
import { openTaken, type PutRecord } from '../fake/event-stream.ts';
import { apiKey, type FakeTokenService, fakeTokenService } from '../fake/token-service.ts';
import { input } from '../fixture/audit-client.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function textOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
}

interface Listening {
  readonly url: string;
  readonly token: FakeTokenService;
  readonly taken: PutRecord[];
  readonly puts: { readonly socket: Socket; readonly amzDate: string; readonly version: string }[];
}

/** A token service and a stream on one port, whose clock is `skewMs` ahead of this machine's. */
async function listen(skewMs: number): Promise<Listening> {
  const taken: PutRecord[] = [];
  const puts: Listening['puts'] = [];
  const server = createServer(async (request, response) => {
    const body = await textOf(request);
    const target = request.headers['x-amz-target'];
    if (target === undefined) {
      const answer = await token.fetch(`${url}${request.url}`, {
        method: 'POST',
        headers: Object.fromEntries(
          Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
        ),
        body,
        signal: new AbortController().signal,
        redirect: 'error',
      });
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(await answer.text());
      return;
    }
    const { httpVersion: version, socket } = request;
    puts.push({ socket, version, amzDate: String(request.headers['x-amz-date']) });
    const { Records } = JSON.parse(body) as { Records: { Data: string; PartitionKey: string }[] };
    const results = Records.map(({ Data, PartitionKey }) => {
      taken.push({ data: Buffer.from(Data, 'base64'), partitionKey: PartitionKey });
      return { SequenceNumber: String(taken.length), ShardId: 'shardId-000000000000' };
    });
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify({ FailedRecordCount: 0, Records: results }));
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const token = fakeTokenService(() => Date.now() + skewMs, { address: url, endpoint: url });
  return { url, token, taken, puts };
}

test('over real connections: the clock is corrected, and requests share a connection of HTTP/1.1', async () => {
  const skewMs = 30 * 60_000;
  const { url, token, taken, puts } = await listen(skewMs);
  const client = createAuditClient({ url, apiKey, lingerMs: 0, inFlight: 1 });
  const receipts = [];
  for (let n = 0; n < 5; n++) receipts.push(await client.record(input(n)));
  await client.close();

  const batches = openTaken(taken, token.grants);
  expect(batches.map(({ manifest }) => manifest.count)).toEqual([1, 1, 1, 1, 1, 0]);
  expect(receipts.map(({ batch }) => batch)).toEqual(batches.slice(0, 5).map(({ id }) => id));
  expect(token.requests.map(({ status }) => status)).toEqual([401, 200]);

  expect(new Set(puts.map(({ socket }) => socket)).size).toBe(1);
  expect(puts.every(({ version }) => version === '1.1')).toBe(true);
  const signed = puts[0]?.amzDate.replace(/^(....)(..)(..T..)(..)/, '$1-$2-$3:$4:') ?? '';
  expect(Math.abs(Date.parse(signed) - Date.now() - skewMs)).toBeLessThan(10_000);
});
