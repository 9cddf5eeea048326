import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAuditClient } from '../../src/client/index.ts';
import { type MovedClock, movedClock } from '../fixture/moved-clock.ts';
import { type OidcServer, openOidcServer } from '../fixture/oidc-server.ts';
import { openPipeline, type Pipeline, until } from '../fixture/pipeline.ts';
import { askForCredentials } from '../fixture/vended.ts';

// The functions as they are deployed ask a real OpenID server, over the wire, who calls.

let server: OidcServer;
let pipeline: Pipeline;
let clock: MovedClock;

beforeAll(async () => {
  server = await openOidcServer([
    { id: 'billing', org: 'Acme Inc.' },
    { id: 'reporting', org: 'Acme Inc.' },
    { id: 'stranger', org: 'Umbrella' },
    { id: 'orphan', org: 'Gone Ltd.' },
    { id: 'auditor', org: 'auditors' },
    { id: 'rival', org: 'Globex' },
  ]);
  const map = { 'Acme Inc.': 'acme-1', Globex: 'globex-2', 'Gone Ltd.': 'gone', auditors: '*' };
  const { issuer, audience } = server;
  pipeline = await openPipeline(undefined, {
    oidc: JSON.stringify([{ issuer, audience, tenant: { claim: 'org', map } }]),
  });
  clock = await movedClock(pipeline, 'read');
  await pipeline.tenant('acme');
  await pipeline.tenant('globex');
});
afterAll(async () => {
  await clock?.restore();
  await pipeline?.close();
  await server?.close();
});

const write = 'sealtrail:write';
const readScope = 'sealtrail:read';

/** Status and code of an answer of the read API. */
async function read(token: string, path = '/v1/events'): Promise<[number, string | undefined]> {
  const response = await pipeline.get(path, { id: '', client: '', apiKey: token });
  return [response.status, ((await response.json()) as { code?: string }).code];
}

async function credentials(token: string): Promise<[number, string | undefined]> {
  const { response } = await askForCredentials(pipeline.url, { apiKey: token });
  return [response.status, ((await response.json()) as { code?: string }).code];
}

async function actions(token: string, query = ''): Promise<string[]> {
  const response = await pipeline.get(`/v1/events?${query}`, { id: '', client: '', apiKey: token });
  const { events } = (await response.json()) as { events: { event: { action: string } }[] };
  return events.map(({ event }) => event.action);
}

test('a workload writes with tokens of its own, and a reader of its tenant reads what it wrote', async () => {
  let tokens = 0;
  const client = createAuditClient({
    url: pipeline.url,
    apiKey: () => {
      tokens++;
      return server.token('billing', write);
    },
  });
  const receipt = await client.record(
    { action: 'invoice.refunded', actor: { type: 'user', id: 'u_17' } },
    { until: 'committed' },
  );
  expect(receipt.committedAt).toBeDefined();
  await client.close();
  expect(tokens).toBeGreaterThan(1);

  const reader = await server.token('reporting', readScope);
  expect(await actions(reader)).toEqual(['invoice.refunded']);
  const response = await pipeline.get('/v1/events', { id: '', client: '', apiKey: reader });
  const body = await response.text();
  expect(body).toContain('"client":"billing"');
});

test('an auditor over all tenants reads the one that it names', async () => {
  const auditor = await server.token('auditor', readScope);
  expect(await actions(auditor, 'tenant=acme-1')).toEqual(['invoice.refunded']);
  expect(await actions(auditor, 'tenant=globex-2')).toEqual([]);
  expect(await read(auditor)).toEqual([400, 'request-invalid']);
});

test('another tenant’s reader sees nothing of it', async () => {
  const rival = await server.token('rival', readScope);
  expect(await actions(rival)).toEqual([]);
  expect(await read(rival, '/v1/events?tenant=acme-1')).toEqual([403, 'forbidden']);
});

test('a token does what its scopes say, and no more', async () => {
  expect(await read(await server.token('billing', write))).toEqual([403, 'forbidden']);
  expect(await credentials(await server.token('billing', readScope))).toEqual([403, 'forbidden']);
  const auditor = await server.token('auditor', `${readScope} ${write}`);
  expect(await credentials(auditor)).toEqual([403, 'forbidden']);
});

test('a tenant that is not registered, or that no mapping knows, is forbidden', async () => {
  for (const client of ['orphan', 'stranger']) {
    expect(await credentials(await server.token(client, write))).toEqual([403, 'forbidden']);
    expect(await read(await server.token(client, readScope))).toEqual([403, 'forbidden']);
  }
});

test('what the server never gave, or gave for another place, or long ago, is refused by both functions', async () => {
  const good = { sub: 'billing', org: 'Acme Inc.', scope: `${readScope} ${write}` };
  const seconds = Math.floor(Date.now() / 1000);
  expect(await read(await server.sign(good))).toEqual([200, undefined]);
  for (const claims of [
    { ...good, exp: seconds - 61 },
    { ...good, aud: 'https://elsewhere.example' },
    { ...good, iss: 'https://login.example.com' },
  ]) {
    const token = await server.sign(claims);
    expect(await read(token)).toEqual([401, 'unauthenticated']);
    expect(await credentials(token)).toEqual([401, 'unauthenticated']);
  }
});

test('while the server is down, tokens that it gave are still good', async () => {
  const token = await server.token('reporting', readScope);
  server.down = true;
  try {
    expect(await read(token)).toEqual([200, undefined]);
  } finally {
    server.down = false;
  }
});

test('after the server’s keys were exchanged new tokens are good with one look, and old ones are not', async () => {
  const old = await server.token('reporting', readScope);
  expect(await read(old)).toEqual([200, undefined]);
  await server.rotate();
  const seen = server.asked.length;
  const fresh = await server.token('reporting', readScope);
  // The function looks again for an unknown key no sooner than 30 s after it looked last.
  let looks = 0;
  await until(async () => {
    looks += 1;
    clock.ahead(looks * 31_000);
    return (await read(fresh))[0] === 200;
  });
  const look = ['/.well-known/openid-configuration', '/jwks'];
  expect(server.asked.slice(seen)).toEqual(Array.from({ length: looks }, () => look).flat());
  expect(await read(old)).toEqual([401, 'unauthenticated']);
});

test('nothing of any token is in the logs', () => {
  expect(pipeline.printed.join('\n')).not.toContain('eyJ');
  expect(pipeline.printed.join('\n')).not.toContain('secret-of-');
});
