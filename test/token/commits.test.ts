import { expect, test } from 'vitest';
import { sha256 } from '../../src/domain/encoding.ts';
import { acme, credentialsRequest, tokenService } from './token-service.ts';

const route = 'POST /v1/commits';
const to = '2023-11-14T22:13:20.000Z';
const idOf = (n: number) => sha256(String(n)).toString('base64url');

function ask(service: ReturnType<typeof tokenService>, token: string, body: object) {
  const headers = { authorization: `Bearer ${token}` };
  return service.call(route, { headers, body: JSON.stringify(body) });
}

test('a client learns which of its batches are stored, in its order', async () => {
  const service = tokenService();
  service.fake.tenants.set('acme', { ...acme, shards: 4 });
  service.fake.stored.add(idOf(2));
  const batches = [1, 2, 3].map((n) => ({ to, id: idOf(n) }));
  const { status, body } = await ask(service, service.addKey(), { batches });
  expect(status).toBe(200);
  expect(body).toEqual({ committed: [false, true, false] });
  expect(service.fake.storedAsked).toEqual([['acme', [4], batches, acme.retentionDays]]);
});

test('a batch is looked for under every count of shards that its tenant had', async () => {
  const service = tokenService();
  service.fake.tenants.set('acme', { ...acme, shards: 8, formerShards: [1, 3] });
  const batches = [{ to, id: idOf(1) }];
  await ask(service, service.addKey(), { batches });
  expect(service.fake.storedAsked).toEqual([['acme', [8, 1, 3], batches, acme.retentionDays]]);
});

test('a batch counts as stored only if its row is kept as long as any grant may have said', async () => {
  const service = tokenService();
  service.fake.tenants.set('acme', { ...acme, retentionDays: 400, leastRetentionDays: 30 });
  const batches = [{ to, id: idOf(1) }];
  await ask(service, service.addKey(), { batches });
  expect(service.fake.storedAsked).toEqual([['acme', [1], batches, 30]]);
});

test('a key is only told of its own tenant', async () => {
  const service = tokenService();
  service.fake.tenants.set('evil', { ...acme, id: 'evil' });
  await ask(service, service.addKey({ tenant: 'evil' }), { batches: [{ to, id: idOf(1) }] });
  expect(service.fake.storedAsked).toEqual([
    ['evil', [1], [{ to, id: idOf(1) }], acme.retentionDays],
  ]);
});

test('a hundred batches may be asked for at once, none or one more may not', async () => {
  const service = tokenService();
  const token = service.addKey();
  const some = (count: number) => ({
    batches: Array.from({ length: count }, (_, n) => ({ to, id: idOf(n) })),
  });
  expect((await ask(service, token, some(100))).status).toBe(200);
  for (const count of [0, 101]) {
    const { status, body } = await ask(service, token, some(count));
    expect(status).toBe(400);
    expect(body.code).toBe('request-invalid');
  }
});

test('a body of over 16 KiB is refused without a look-up', async () => {
  const service = tokenService();
  const headers = { authorization: `Bearer ${service.addKey()}` };
  const answer = await service.call(route, { headers, body: ' '.repeat(16 * 1024 + 1) });
  expect(answer.status).toBe(413);
  expect(service.fake.calls).toEqual([]);
});

test.each([
  ['no batches', {}],
  ['an id that is no digest', { batches: [{ to, id: 'abc' }] }],
  ['an id with a key’s separator', { batches: [{ to, id: `#${idOf(1).slice(1)}` }] }],
  ['a time in another form', { batches: [{ to: '2023-11-14T22:13:20Z', id: idOf(1) }] }],
  ['a time that is not', { batches: [{ to: '2023-02-30T22:13:20.000Z', id: idOf(1) }] }],
  ['a tenant', { tenant: 'evil', batches: [{ to, id: idOf(1) }] }],
])('a question with %s is refused without a look-up', async (_, body) => {
  const service = tokenService();
  expect((await ask(service, service.addKey(), body)).status).toBe(400);
  expect(service.fake.calls).toEqual([]);
});

test('a key that may only read is not answered, nor one that is not ours', async () => {
  const service = tokenService();
  const batches = [{ to, id: idOf(1) }];
  const reader = service.addKey({ scopes: new Set(['read']) });
  expect((await ask(service, reader, { batches })).status).toBe(403);
  expect((await ask(service, 'st_x', { batches })).status).toBe(401);
  expect((await service.call(route, { body: JSON.stringify({ batches }) })).status).toBe(401);
  expect(service.fake.storedAsked).toEqual([]);
});

test('a client may ask a hundred times as often as for credentials, and each client by itself', async () => {
  const service = tokenService();
  service.fake.tenants.set('acme', { ...acme, credentialsPerMinute: 1 });
  const [token, other] = [service.addKey(), service.addKey()];
  const batches = [{ to, id: idOf(1) }];
  for (let i = 0; i < 100; i++) expect((await ask(service, token, { batches })).status).toBe(200);
  service.fake.calls.length = 0;
  const { status, headers, body } = await ask(service, token, { batches });
  expect([status, body.code, headers['retry-after']]).toEqual([429, 'quota-exceeded', '60']);
  expect(service.fake.calls).not.toContain('stored');
  expect((await ask(service, other, { batches })).status).toBe(200);
  service.fake.now += 60_000;
  expect((await ask(service, token, { batches })).status).toBe(200);
});

test('questions do not use up what there is of credentials, nor the other way round', async () => {
  const service = tokenService();
  service.fake.tenants.set('acme', { ...acme, credentialsPerMinute: 1 });
  const token = service.addKey();
  const credentials = () => service.call('POST /v1/credentials', credentialsRequest(token));
  expect((await ask(service, token, { batches: [{ to, id: idOf(1) }] })).status).toBe(200);
  expect((await credentials()).status).toBe(200);
  expect((await credentials()).status).toBe(429);
  expect((await ask(service, token, { batches: [{ to, id: idOf(1) }] })).status).toBe(200);
});

test('when requests cannot be counted, nothing is answered', async () => {
  const service = tokenService();
  service.fake.down.add('take');
  const answer = await ask(service, service.addKey(), { batches: [{ to, id: idOf(1) }] });
  expect(answer.status).toBe(503);
  expect(service.fake.storedAsked).toEqual([]);
});

test('when the store is down, nothing is said of the batches', async () => {
  const service = tokenService();
  service.fake.down.add('stored');
  const { status, headers, body } = await ask(service, service.addKey(), {
    batches: [{ to, id: idOf(1) }],
  });
  expect(status).toBe(503);
  expect(headers['retry-after']).toBe('2');
  expect(body).not.toHaveProperty('committed');
});
