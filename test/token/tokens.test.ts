import { expect, test } from 'vitest';
import { fakeIssuer, issuerSettings } from '../fake/oidc-issuer.ts';
import { acme, credentialsRequest, proofFor, tokenService } from './token-service.ts';

// What tokens of an issuer get from the token service; what makes one good is in test/lambda/authenticate.test.ts.

const route = 'POST /v1/credentials';

async function setUp() {
  const issuer = await fakeIssuer();
  const service = tokenService({ issuers: [issuerSettings()], get: issuer.get });
  const ask = (token: string, over = {}) => service.call(route, credentialsRequest(token, over));
  const commits = (token: string) =>
    service.call('POST /v1/commits', {
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ batches: [{ to: '2023-11-14T22:13:20.000Z', id: 'A'.repeat(43) }] }),
    });
  return { ...issuer, service, ask, commits };
}

test('a token gets a grant and a session in the name of its tenant and client', async () => {
  const { token, ask, service } = await setUp();
  const { status, body } = await ask(await token());
  expect(status).toBe(200);
  const payload = JSON.parse(Buffer.from(body.grant.jwt.split('.')[1], 'base64url').toString());
  expect(payload).toMatchObject({ tenant: 'acme', sub: 'billing' });
  expect(service.fake.assumed[0]?.Tags).toEqual([
    { Key: 'tenant', Value: 'acme' },
    { Key: 'client', Value: 'billing' },
  ]);
});

test('a proof made for another token is refused, and one made without', async () => {
  const { token, ask } = await setUp();
  const mine = await token();
  const other = proofFor(await token({ jti: 'another' }));
  expect((await ask(mine, { dpop: other })).body.code).toBe('proof-invalid');
  expect((await ask(mine, { dpop: proofFor(mine, { claims: { ath: undefined } }) })).status).toBe(
    401,
  );
});

test('a token that may only read gets no credentials, and is not told of batches', async () => {
  const { token, ask, commits, service } = await setUp();
  const reader = await token({ scope: 'sealtrail:read' });
  expect((await ask(reader)).status).toBe(403);
  expect((await commits(reader)).status).toBe(403);
  expect(service.fake.grants.size).toBe(0);
  expect(service.fake.storedAsked).toEqual([]);
});

test('a body that names another tenant or client than the token is forbidden', async () => {
  const { token, ask } = await setUp();
  for (const body of [{ tenant: 'globex' }, { client: 'shop' }])
    expect((await ask(await token(), { body: JSON.stringify(body) })).status).toBe(403);
});

test('whichever batches are asked for, they are looked for in the token’s tenant', async () => {
  const { token, commits, service } = await setUp();
  expect((await commits(await token())).status).toBe(200);
  service.fake.tenants.set('globex', { ...acme, id: 'globex' });
  await commits(await token({ org: 'globex' }));
  const askedFor = service.fake.storedAsked.map((asked) => (asked as unknown[])[0]);
  expect(askedFor).toEqual(['acme', 'globex']);
});

test('new tokens of a client are counted together, and other clients by themselves', async () => {
  const { token, ask } = await setUp();
  for (let i = 0; i < acme.credentialsPerMinute; i++)
    expect((await ask(await token({ jti: String(i) }))).status).toBe(200);
  const { status, headers, body } = await ask(await token({ jti: 'more' }));
  expect([status, headers['retry-after'], body.code]).toEqual([429, '60', 'quota-exceeded']);
  expect((await ask(await token({ sub: 'shop' }))).status).toBe(200);
});

test('while its issuer is down and unknown, a token is answered 503 and Retry-After', async () => {
  const { token, ask, commits, state, service } = await setUp();
  state.down = true;
  for (const answer of [await ask(await token()), await commits(await token())]) {
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('2');
  }
  expect(service.fake.calls).toEqual([]);
  expect(service.fake.logged.join('')).toContain('fetch failed');
  expect(service.fake.logged.join('')).not.toContain('eyJ');
});

test('a refused token costs no look-up, and nothing of it is logged or told', async () => {
  const { token, ask, service } = await setUp();
  const bad = [
    await token({ iss: 'https://evil.example' }),
    await token({ aud: 'another', secret: 'a-secret-claim' }),
    `${(await token()).slice(0, -3)}AAA`,
  ];
  for (const each of bad) {
    const { status, body } = await ask(each);
    expect(status).toBe(401);
    expect(JSON.stringify(body)).not.toContain(each.split('.')[1]);
  }
  expect(service.fake.calls).toEqual([]);
  const logged = service.fake.logged.join('');
  for (const each of bad) for (const part of each.split('.')) expect(logged).not.toContain(part);
});
