import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { mintApiKey } from '../../src/domain/api-key.ts';
import { setUp } from './token-harness.ts';

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

test('a token of a configured issuer says who calls', async () => {
  const { token, authenticate, state } = await setUp();
  expect(await authenticate(await token())).toEqual({
    keyId: expect.stringMatching(/^oidc\.[A-Za-z0-9_-]{43}$/),
    tenant: 'acme',
    client: 'billing',
    scopes: new Set(['write', 'read']),
    expiresAt: state.now + 300_000,
  });
  expect(state.asked).toEqual([
    'https://login.example.com/.well-known/openid-configuration',
    'https://login.example.com/keys',
  ]);
});

test('an API key goes its own way, and nothing is fetched for it', async () => {
  const { authenticate, fake, state } = await setUp();
  const { text } = mintApiKey();
  expect(await authenticate(text)).toMatchObject({ client: 'by-key' });
  expect(fake.keys).toEqual([text]);
  expect(state.asked).toEqual([]);
});

test.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('a token signed by %s holds', async (alg) => {
  const { addKey, token, outcome } = await setUp();
  await addKey('another', { alg });
  expect(await outcome(await token({}, { kid: 'another' }))).toBe('accepted');
});

test('a signature that is good, but not among those allowed, is refused', async () => {
  const { token, outcome } = await setUp({ algorithms: ['RS256'] });
  expect(await outcome(await token())).toBe('unauthenticated');
});

test('a token without a signature is refused, however it says so, and nothing is fetched', async () => {
  const { token, outcome, state } = await setUp();
  const [, payload, signature] = (await token()).split('.');
  for (const alg of ['none', 'None', ''])
    for (const end of ['', signature])
      expect(await outcome(`${encode({ alg, kid: 'one' })}.${payload}.${end}`)).toBe(
        'unauthenticated',
      );
  expect(state.asked).toEqual([]);
});

test('a token whose HMAC has the issuer’s public key for a secret is refused', async () => {
  const { token, addKey, outcome, state } = await setUp();
  const jwk = await addKey('rsa', { alg: 'RS256', replace: true });
  const [, payload] = (await token({}, { kid: 'rsa' })).split('.');
  for (const secret of [JSON.stringify(jwk), String(jwk.n), Buffer.from(`${jwk.n}`, 'base64url')]) {
    const signed = `${encode({ alg: 'HS256', kid: 'rsa' })}.${payload}`;
    const mac = createHmac('sha256', secret).update(signed).digest('base64url');
    expect(await outcome(`${signed}.${mac}`)).toBe('unauthenticated');
  }
  // Nor with a secret that the issuer lists by mistake.
  const k = Buffer.alloc(32, 7);
  state.jwks.push({ kty: 'oct', k: k.toString('base64url'), kid: 'oct', alg: 'HS256' });
  const signed = `${encode({ alg: 'HS256', kid: 'oct' })}.${payload}`;
  const mac = createHmac('sha256', k).update(signed).digest('base64url');
  expect(await outcome(`${signed}.${mac}`)).toBe('unauthenticated');
});

test.each([
  ['for another audience', { aud: 'https://elsewhere.example' }],
  ['for nobody', { aud: undefined }],
  ['of another issuer', { iss: 'https://login.example.com/' }],
  ['of no issuer', { iss: undefined }],
  ['without an end', { exp: undefined }],
  ['whose end is no number', { exp: '9999999999' }],
  ['bound to a key of its own', { cnf: { jkt: 'x' } }],
  [
    'that tells of a logout',
    { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } },
  ],
])('a token %s is refused', async (_, claims) => {
  const { token, outcome } = await setUp();
  expect(await outcome(await token(claims))).toBe('unauthenticated');
});

test('times are taken with sixty seconds of tolerance, on both sides', async () => {
  const { token, outcome, state } = await setUp();
  const at = Math.floor(state.now / 1000);
  expect(await outcome(await token({ exp: at - 59 }))).toBe('accepted');
  expect(await outcome(await token({ exp: at - 60 }))).toBe('unauthenticated');
  expect(await outcome(await token({ nbf: at + 60 }))).toBe('accepted');
  expect(await outcome(await token({ nbf: at + 61 }))).toBe('unauthenticated');
});

test('a token that lives too long is refused, by its own times and from now on', async () => {
  const { token, outcome, authenticate, state } = await setUp();
  const at = Math.floor(state.now / 1000);
  expect(await outcome(await token({ exp: at + 86_400 }))).toBe('accepted');
  for (const claims of [
    { exp: at + 86_461 },
    { exp: at + 3600, iat: at - 86_400 },
    { exp: at + 86_461, iat: at + 3600 },
    { exp: at + 86_461, iat: 'yesterday' },
    { exp: 1e308 },
    { exp: 9e15, iat: 9e15 },
  ])
    expect(await outcome(await token(claims))).toBe('unauthenticated');
  await expect(authenticate(await token({ exp: 1e308 }))).rejects.toThrow('lives longer than');
});

test('how long a token may live is a setting of its issuer', async () => {
  const { token, outcome, state } = await setUp({ maxTokenSeconds: 600 });
  const at = Math.floor(state.now / 1000);
  expect(await outcome(await token({ exp: at + 600 }))).toBe('accepted');
  expect(await outcome(await token({ exp: at + 661 }))).toBe('unauthenticated');
});

test('a token with a claim or a member of its header twice is refused, though its signature holds', async () => {
  const { raw, outcome, state } = await setUp();
  const at = Math.floor(state.now / 1000);
  const claims = `"iss":"https://login.example.com","aud":"https://audit.example.com","sub":"billing","scope":"sealtrail:read","exp":${at + 300}`;
  const header = '"alg":"ES256","kid":"one"';
  expect(await outcome(await raw(`{${header}}`, `{${claims},"org":"acme"}`))).toBe('accepted');
  for (const [first, second] of [
    [header, `${claims},"org":"globex","org":"acme"`],
    [header, `${claims},"org":"acme","o\\u0072g":"globex"`],
    [header, `${claims},"org":"acme","deep":{"a":1,"a":2}`],
    [`${header},"kid":"one"`, `${claims},"org":"acme"`],
    [`${header},"zip":"DEF"`, `${claims},"org":"acme"`],
    [header, `${claims},"org":"acme","exp":1e400`],
    [header, `${claims.replace(/"exp":.*/, '"exp":1e400')},"org":"acme"`],
  ])
    expect(await outcome(await raw(`{${first}}`, `{${second}}`)), second).toBe('unauthenticated');
  // Bytes that are no UTF-8, and base64url that encodes to another text.
  const bad = Buffer.concat([
    Buffer.from(`{${claims},"org":"acme","x":"`),
    Buffer.from([0xff, 0x22, 0x7d]),
  ]);
  expect(await outcome(await raw(`{${header}}`, bad))).toBe('unauthenticated');
  for (const more of ['=', '!', ' '])
    expect(await outcome(await raw(`{${header}}`, `{${claims},"org":"acme"}`, more))).toBe(
      'unauthenticated',
    );
});

test('what is wrong is told where the signature held, and not otherwise', async () => {
  const { token, authenticate, state } = await setUp();
  const at = Math.floor(state.now / 1000);
  await expect(authenticate(await token({ exp: at - 100 }))).rejects.toThrow('has expired');
  await expect(authenticate(await token({ aud: 'x' }))).rejects.toThrow('its aud is');
  const [header, , signature] = (await token()).split('.');
  const [, payload] = (await token({ exp: at - 100 })).split('.');
  await expect(authenticate(`${header}.${payload}.${signature}`)).rejects.toThrow(
    /^the key or token is not valid$/,
  );
});

test.each(['jku', 'x5u', 'jwk', 'x5c'])(
  'a token that brings its key by %s is refused',
  async (name) => {
    const { token, outcome, state } = await setUp();
    const value = { jku: 'https://login.example.com/keys', x5u: 'https://x', jwk: {}, x5c: ['x'] };
    const header = { [name]: value[name as keyof typeof value] };
    expect(await outcome(await token({}, { header }))).toBe('unauthenticated');
    expect(state.asked).toEqual([]);
  },
);

test('nothing is fetched for a token of an unknown issuer, too long, or no token at all', async () => {
  const { token, outcome, state } = await setUp();
  const good = await token();
  for (const bad of [
    await token({ iss: 'https://evil.example' }),
    await token({ iss: '__proto__' }),
    await token({ iss: 7 }),
    await token({ filler: 'x'.repeat(8192) }),
    good.slice(good.indexOf('.')),
    `${good}.`,
    `${good}.a.b`,
    '.',
    'a.b.c',
  ])
    expect(await outcome(bad)).toBe('unauthenticated');
  expect(state.asked).toEqual([]);
});

test.each(['dpop+jwt', 'logout+jwt', 'sealtrail-grant+jwt', 'JOSE', ''])(
  'a JWT of the type %j is no access token',
  async (typ) => {
    const { token, outcome } = await setUp();
    expect(await outcome(await token({}, { header: { typ } }))).toBe('unauthenticated');
  },
);

test.each(['JWT', 'at+jwt', 'application/at+jwt', 'jwt'])('the type %s is one', async (typ) => {
  const { token, outcome } = await setUp();
  expect(await outcome(await token({}, { header: { typ } }))).toBe('accepted');
});

test('an unknown critical header, or a payload that is not encoded, is refused', async () => {
  const { token, outcome } = await setUp();
  const [header, payload, signature] = (await token()).split('.');
  const own = JSON.parse(Buffer.from(`${header}`, 'base64url').toString());
  for (const more of [
    { crit: ['exp'], exp: 1 },
    { crit: ['b64'], b64: false },
  ])
    expect(await outcome(`${encode({ ...own, ...more })}.${payload}.${signature}`)).toBe(
      'unauthenticated',
    );
});

test('a key too weak to sign with makes nobody known, and no failure of ours', async () => {
  const { state, token, outcome } = await setUp();
  const weak = { kty: 'RSA', kid: 'weak', alg: 'RS256', e: 'AQAB', n: 'x'.repeat(170) };
  state.jwks.push(weak);
  const [, payload, signature] = (await token()).split('.');
  expect(await outcome(`${encode({ alg: 'RS256', kid: 'weak' })}.${payload}.${signature}`)).toBe(
    'unauthenticated',
  );
});

test('a tenant that is not registered is forbidden, and a registry that is down makes nobody so', async () => {
  const { token, outcome, fake } = await setUp();
  expect(await outcome(await token({ org: 'globex' }))).toBe('forbidden');
  fake.registryDown = true;
  expect(await outcome(await token())).toBe('unavailable');
});
