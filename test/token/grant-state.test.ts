import { expect, test } from 'vitest';
import { sha256, toTime } from '../../src/domain/encoding.ts';
import type { LoggedGrant } from '../../src/store/grant-log.ts';
import { credentialsRequest, start, tokenService } from './token-service.ts';

const route = 'GET /v1/grants/{id}';
const id = sha256('a grant').toString('base64url');
const at = toTime(start);

function setUp(grant: Partial<LoggedGrant> = {}) {
  const service = tokenService();
  service.fake.loggedGrants.set(id, { jwt: '', tenant: 'acme', client: 'billing', ...grant });
  const ask = (token = service.addKey(), headers: Record<string, string> = {}, asked = id) =>
    service.call(route, {
      headers: { authorization: `Bearer ${token}`, ...headers },
      params: { id: asked },
    });
  return { service, ask };
}

test.each<[object, Partial<LoggedGrant>]>([
  [{ state: 'live' }, {}],
  [{ state: 'stopped', at }, { stoppedAt: start }],
  [{ state: 'revoked', at }, { revokedAt: start }],
  [
    { state: 'revoked', at },
    { revokedAt: start, stoppedAt: start - 1 },
  ],
])('its client learns that a grant is %j, by one look-up', async (expected, grant) => {
  const { service, ask } = setUp(grant);
  const { status, headers, body } = await ask();
  expect([status, body]).toEqual([200, expected]);
  expect(headers['cache-control']).toBe('private, max-age=60');
  expect(service.fake.calls.filter((call) => call === 'find')).toHaveLength(1);
});

test('who has the answer already is told so, until it is another', async () => {
  const { service, ask } = setUp();
  const token = service.addKey();
  const { etag } = (await ask(token)).headers;
  const again = await ask(token, { 'if-none-match': String(etag) });
  expect([again.status, again.body, again.headers['etag']]).toEqual([304, null, etag]);
  const stopped = { jwt: '', tenant: 'acme', client: 'billing', stoppedAt: start };
  service.fake.loggedGrants.set(id, stopped);
  expect((await ask(token, { 'if-none-match': String(etag) })).status).toBe(200);
});

test.each([
  ['of another tenant', { tenant: 'globex' }],
  ['of another client', { client: 'shop' }],
])('a grant %s is as if it were not there', async (_, grant) => {
  const { ask } = setUp(grant);
  const other = await ask();
  const none = await ask(undefined, {}, sha256('none').toString('base64url'));
  expect([other.status, other.body.code]).toEqual([404, 'not-found']);
  expect([none.status, none.body.detail]).toEqual([404, other.body.detail]);
});

test('what is no id, and who may not write, cost no look-up', async () => {
  const { service, ask } = setUp();
  for (const odd of ['', 'x', `revoked#${id}`, `${id}x`])
    expect((await ask(undefined, {}, odd)).status).toBe(400);
  expect((await ask(service.addKey({ scopes: new Set(['read']) }))).status).toBe(403);
  expect((await ask('st_nobody')).status).toBe(401);
  expect((await ask(service.addKey({ revoked: at }))).status).toBe(401);
  expect(service.fake.calls).not.toContain('find');
});

test('a client has a quota of its own for it, and a table that is down is no answer', async () => {
  const { service, ask } = setUp();
  const token = service.addKey();
  for (let i = 0; i < 300; i++) expect((await ask(token)).status).toBe(200);
  expect((await ask(token)).status).toBe(429);
  expect((await service.call('POST /v1/credentials', credentialsRequest(token))).status).toBe(200);
  service.fake.down.add('find');
  service.fake.now += 60_000;
  expect((await ask(token)).status).toBe(503);
});
