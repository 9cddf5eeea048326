import { expect, test } from 'vitest';
import { mintApiKey } from '../../src/domain/api-key.ts';
import { acme, credentialsRequest, proofFor, start, tokenService } from './token-service.ts';

const route = 'POST /v1/credentials';

test('no or two Authorization headers are refused without a look-up', async () => {
  const service = tokenService();
  const token = service.addKey();
  for (const authorization of ['', `Bearer ${token},Bearer ${token}`, `Basic ${token}`, token]) {
    const request = credentialsRequest(token, { headers: { authorization } });
    const { status, headers, body } = await service.call(route, request);
    expect(status).toBe(401);
    expect(body.code).toBe('unauthenticated');
    expect(headers['www-authenticate']).toContain('Bearer');
  }
  const { status } = await service.call(route, { headers: { dpop: proofFor(token) } });
  expect(status).toBe(401);
  expect(service.fake.calls).toEqual([]);
});

test('no or two DPoP headers are refused without a look-up', async () => {
  const service = tokenService();
  const token = service.addKey();
  const two = `${proofFor(token)},${proofFor(token)}`;
  for (const headers of [{ dpop: two }, {}]) {
    const request = { headers: { authorization: `Bearer ${token}`, ...headers } };
    const { status, body } = await service.call(route, request);
    expect(status).toBe(401);
    expect(body.code).toBe('proof-invalid');
  }
  expect(service.fake.calls).toEqual([]);
});

test('a key with a wrong checksum is refused without a look-up', async () => {
  const service = tokenService();
  const token = service.addKey();
  const mistyped = token.slice(0, -1) + (token.endsWith('0') ? '1' : '0');
  const { status } = await service.call(route, credentialsRequest(mistyped));
  expect(status).toBe(401);
  expect(service.fake.calls).toEqual([]);
});

test('unknown, revoked, altered and mistyped keys get the same answer', async () => {
  const service = tokenService();
  const revoked = service.addKey({ revoked: '2023-06-01T00:00:00.000Z' });
  const otherSecret = mintApiKey();
  service.addKey();
  // The id of a known key, with a secret that is not its own.
  for (const record of service.fake.apiKeys.values())
    service.fake.apiKeys.set(otherSecret.id, record);
  const refused = [
    mintApiKey().text,
    revoked,
    otherSecret.text,
    'st_x',
    'eyJhbGciOiJub25lIn0.e30.',
  ];
  const answers = await Promise.all(
    refused.map((token) => service.call(route, credentialsRequest(token))),
  );
  for (const { status, body } of answers) {
    expect(status).toBe(401);
    expect({ ...body, serverTime: '' }).toEqual({ ...answers[0]?.body, serverTime: '' });
  }
  expect(service.fake.calls).not.toContain('take');
});

test.each([
  ['not JSON', 'durationSeconds=900'],
  ['JSON of another kind', '[]'],
  ['a byte order mark', '\ufeff{}'],
  ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ['duplicate keys', '{"durationSeconds":900,"durationSeconds":1000}'],
  ['duplicate keys of which one is escaped', '{"tenant":"acme","\\u0074enant":"acme"}'],
  ['a __proto__ key', '{"__proto__":{"tenant":"acme"}}'],
  ['an unknown key', '{"durationSecs":900}'],
  ['a tenant with a star', '{"tenant":"*"}'],
  ['a tenant with a policy variable', `{"tenant":"\${aws:userid}"}`],
  ['a client with a quote', '{"client":"a\\"b"}'],
  ['a client with NUL', '{"client":"a\\u0000"}'],
  ['a duration that is not a number', '{"durationSeconds":NaN}'],
  ['a duration in quotes', '{"durationSeconds":"900"}'],
  ['a negative duration', '{"durationSeconds":-1}'],
  ['a short duration', '{"durationSeconds":899}'],
  ['a duration with a fraction', '{"durationSeconds":900.5}'],
  ['a duration over the longest session', '{"durationSeconds":3601}'],
  ['a duration beyond all numbers', '{"durationSeconds":1e400}'],
])('a body with %s is refused without a look-up', async (_, body) => {
  const service = tokenService();
  const answer = await service.call(route, credentialsRequest(service.addKey(), { body }));
  expect(answer.status).toBe(400);
  expect(answer.body.code).toBe('request-invalid');
  expect(service.fake.calls).toEqual([]);
});

test('bytes that are not UTF-8 are not mended', async () => {
  const service = tokenService();
  const body = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
  const answer = await service.call(route, credentialsRequest(service.addKey(), { body }));
  expect(answer.body.detail).toBe('the body is not UTF-8');
});

test('a body of over 8 KiB is refused without a look-up, one of 8 KiB is not', async () => {
  const service = tokenService();
  const token = service.addKey();
  const large = `{}${' '.repeat(8 * 1024 - 1)}`;
  const answer = await service.call(route, credentialsRequest(token, { body: large }));
  expect(answer.status).toBe(413);
  expect(answer.body.code).toBe('request-too-large');
  expect(service.fake.calls).toEqual([]);
  const { status } = await service.call(
    route,
    credentialsRequest(token, { body: large.slice(0, -1) }),
  );
  expect(status).toBe(200);
});

test('a body may name the key’s own tenant and client, and no other', async () => {
  const service = tokenService();
  const token = service.addKey();
  const ask = (body: object) =>
    service.call(route, credentialsRequest(token, { body: JSON.stringify(body) }));
  expect((await ask({ tenant: 'acme', client: 'billing' })).status).toBe(200);
  for (const other of [{ tenant: 'evil' }, { client: 'crm' }, { tenant: 'acme', client: 'crm' }]) {
    const { status, body } = await ask(other);
    expect(status).toBe(403);
    expect(body.code).toBe('forbidden');
  }
  expect(service.fake.calls.filter((call) => call === 'take')).toHaveLength(1);
});

test('a key that may only read, or reads all tenants, gets nothing', async () => {
  const service = tokenService();
  for (const tenant of ['acme', '*']) {
    const token = service.addKey({ tenant, scopes: new Set(['read']) });
    const { status } = await service.call(route, credentialsRequest(token));
    expect(status).toBe(403);
  }
  expect(service.fake.calls).toEqual(['lookup', 'lookup']);
});

test('a key of a tenant that is not registered gets nothing', async () => {
  const service = tokenService();
  const token = service.addKey({ tenant: 'gone' });
  const { status } = await service.call(route, credentialsRequest(token));
  expect(status).toBe(403);
});

test('a key over its quota is told to wait until the next minute', async () => {
  const service = tokenService();
  const token = service.addKey();
  const ask = () => service.call(route, credentialsRequest(token));
  for (let i = 0; i < acme.credentialsPerMinute; i++) expect((await ask()).status).toBe(200);
  const signs = service.fake.calls.filter((call) => call === 'sign').length;
  const { status, headers, body } = await ask();
  expect(status).toBe(429);
  expect(body.code).toBe('quota-exceeded');
  expect(headers['retry-after']).toBe('60');
  expect(service.fake.calls.filter((call) => call === 'sign')).toHaveLength(signs);
  service.fake.now += 60_000;
  const dpop = proofFor(token, { claims: { iat: service.fake.now / 1000 } });
  expect((await service.call(route, credentialsRequest(token, { dpop }))).status).toBe(200);
});

test('bad proofs count against the quota', async () => {
  const service = tokenService();
  const token = service.addKey();
  const request = credentialsRequest(token, { dpop: 'not a proof' });
  for (let i = 0; i < acme.credentialsPerMinute; i++)
    expect((await service.call(route, request)).status).toBe(401);
  expect((await service.call(route, request)).status).toBe(429);
});

test('a proof that was used is refused, and no second session is vended for it', async () => {
  const service = tokenService();
  const token = service.addKey();
  const request = credentialsRequest(token);
  expect((await service.call(route, request)).status).toBe(200);
  service.fake.now += 30_000;
  const { status, body } = await service.call(route, request);
  expect(status).toBe(401);
  expect(body.code).toBe('proof-invalid');
  expect(service.fake.assumed).toHaveLength(1);
  expect(service.fake.grants.size).toBe(1);
});

test('a client whose clock is ten minutes off is told the server’s time', async () => {
  const service = tokenService();
  const token = service.addKey();
  for (const off of [-600, 600]) {
    const dpop = proofFor(token, { claims: { iat: start / 1000 + off } });
    const before = Date.now();
    const { status, body } = await service.call(route, credentialsRequest(token, { dpop }));
    expect(status).toBe(401);
    expect(body.code).toBe('proof-invalid');
    expect(Date.parse(body.serverTime)).toBeGreaterThanOrEqual(before);
  }
});

test.each(['lookup', 'tenant', 'take', 'getPublicKey', 'sign', 'insert', 'assumeRole'])(
  'when %s fails, the client is told to come again, gets nothing, and the next try succeeds',
  async (name) => {
    const service = tokenService();
    const token = service.addKey();
    service.fake.down.add(name);
    const { status, headers, body } = await service.call(route, credentialsRequest(token));
    expect(status).toBe(503);
    expect(headers['retry-after']).toBe('2');
    expect(body.code).toBe('unavailable');
    expect(Object.keys(body).sort()).toEqual([
      'code',
      'detail',
      'serverTime',
      'status',
      'title',
      'type',
    ]);
    expect(service.fake.calls.at(-1)).toBe(name);
    expect(service.fake.logged.join()).toContain(`${name} is down`);
    service.fake.down.clear();
    expect((await service.call(route, credentialsRequest(token))).status).toBe(200);
  },
);

test('no key, proof, grant or credential is ever logged', async () => {
  const service = tokenService();
  const token = service.addKey();
  const proofs = [proofFor(token), proofFor(token), proofFor(token, { claims: { iat: 0 } })];
  for (const [i, dpop] of proofs.entries()) {
    if (i === 1) service.fake.down.add('assumeRole');
    await service.call(route, credentialsRequest(token, { dpop }));
  }
  const logged = service.fake.logged.join('\n');
  expect(logged).toContain('assumeRole is down');
  const jwts = [...service.fake.grants.values()].map(({ jwt }) => jwt);
  for (const secret of [token, ...proofs, ...jwts, 'a-secret-access-key', 'a-session-token'])
    expect(logged).not.toContain(secret);
});

test('a key that says it may write to the log of operators gets nothing', async () => {
  const service = tokenService();
  service.fake.tenants.set('system', { ...acme, id: 'system' });
  const token = service.addKey({ tenant: 'system' });
  const commits = { batches: [{ to: '2023-11-14T22:13:20.000Z', id: 'A'.repeat(43) }] };
  for (const answer of [
    await service.call(route, credentialsRequest(token)),
    await service.call(
      'POST /v1/commits',
      credentialsRequest(token, { body: JSON.stringify(commits) }),
    ),
  ]) {
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({
      code: 'forbidden',
      detail: expect.stringContaining('operators write to system'),
    });
  }
  expect(service.fake.calls).toEqual(['lookup']);
});
