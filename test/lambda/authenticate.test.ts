import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { mintApiKey } from '../../src/domain/api-key.ts';
import { codeOf } from '../../src/domain/error.ts';
import { authenticator } from '../../src/lambda/authenticate.ts';
import { fakeIssuer, issuerSettings } from '../fake/oidc-issuer.ts';

const second = 1000;
const minute = 60 * second;

/** Who is authenticated by the tokens of one issuer, for a registry with the tenant `acme`. */
async function setUp(settings: object = {}) {
  const issuer = await fakeIssuer();
  const fake = { keys: [] as string[], tenants: new Set(['acme']), registryDown: false };
  const authenticate = authenticator({
    async byKey(key) {
      fake.keys.push(key);
      return { keyId: 'k', tenant: 'acme', client: 'by-key', scopes: new Set(['write'] as const) };
    },
    issuers: [issuerSettings(settings)],
    async tenant(id) {
      if (fake.registryDown) throw new Error('down');
      return fake.tenants.has(id) ? { id } : undefined;
    },
    get: issuer.get,
    now: issuer.now,
  });
  const outcome = (token: string) => authenticate(token).then(() => 'accepted', codeOf);
  return { ...issuer, fake, authenticate, outcome };
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

test('a token of a configured issuer says who calls', async () => {
  const { token, authenticate, state } = await setUp();
  expect(await authenticate(await token())).toEqual({
    keyId: expect.stringMatching(/^oidc\.[A-Za-z0-9_-]{43}$/),
    tenant: 'acme',
    client: 'billing',
    scopes: new Set(['write', 'read']),
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

test('a flood of unknown keys is refused, and the issuer is asked once in thirty seconds', async () => {
  const { token, addKey, outcome, state } = await setUp();
  await outcome(await token());
  await addKey('forged');
  state.jwks.pop();
  const forged = await token({}, { kid: 'forged' });
  const askedForKeys = () => state.asked.filter((url) => url.endsWith('/keys')).length;
  for (const now of [0, 1, 15 * second, 29_999]) {
    state.now = 1_700_000_000_000 + now;
    for (let i = 0; i < 5; i++) expect(await outcome(forged)).toBe('unauthenticated');
    expect(askedForKeys()).toBe(1);
  }
  state.now = 1_700_000_000_000 + 30 * second;
  expect(await Promise.all([1, 2, 3].map(() => outcome(forged)))).toEqual(
    Array(3).fill('unauthenticated'),
  );
  expect(askedForKeys()).toBe(2);
});

test('a new key is found thirty seconds after the last look at the latest, with one look', async () => {
  const { token, addKey, outcome, state } = await setUp();
  await outcome(await token());
  await addKey('two');
  const fresh = await token({}, { kid: 'two' });
  expect(await outcome(fresh)).toBe('unauthenticated');
  state.now += 30 * second;
  expect(await outcome(fresh)).toBe('accepted');
  expect(await outcome(await token())).toBe('accepted');
  expect(state.asked).toHaveLength(4);
});

test('a key that was withdrawn is good for ten minutes at most', async () => {
  const { token, addKey, outcome, state } = await setUp();
  await outcome(await token());
  await addKey('two', { replace: true });
  const old = await token({ exp: 9_999_999_999 });
  state.now += 10 * minute - 1;
  expect(await outcome(old)).toBe('accepted');
  state.now += 1;
  expect(await outcome(old)).toBe('unauthenticated');
});

test('while the issuer is down the keys known go on for a day, and it is asked twice a minute', async () => {
  const { token, outcome, state } = await setUp();
  await outcome(await token());
  state.down = true;
  state.asked.length = 0;
  const begin = state.now;
  const lasting = await token({ exp: 9_999_999_999 });
  for (const later of [10 * minute, 10 * minute + 29_999, 24 * 60 * minute - 1]) {
    state.now = begin + later;
    expect(await outcome(lasting)).toBe('accepted');
  }
  expect(state.asked).toHaveLength(2);
  state.now = begin + 24 * 60 * minute;
  expect(await outcome(lasting)).toBe('unavailable');
  state.down = false;
  state.now += 2 * second;
  expect(await outcome(lasting)).toBe('accepted');
});

test('while nothing is known of an issuer that is down, that is said, and it is asked every two seconds', async () => {
  const { token, outcome, state } = await setUp();
  state.down = true;
  for (let i = 0; i < 5; i++) expect(await outcome(await token())).toBe('unavailable');
  expect(state.asked).toHaveLength(1);
  state.down = false;
  state.now += 2 * second;
  expect(await outcome(await token())).toBe('accepted');
});

test('a token of a key that could not be asked for is not called wrong', async () => {
  const { token, addKey, outcome, state } = await setUp();
  await outcome(await token());
  await addKey('two');
  state.down = true;
  state.now += 30 * second;
  const fresh = await token({}, { kid: 'two' });
  for (let i = 0; i < 3; i++) expect(await outcome(fresh)).toBe('unavailable');
  expect(await outcome(await token())).toBe('accepted');
  state.down = false;
  state.now += 30 * second;
  expect(await outcome(fresh)).toBe('accepted');
});

test('an empty or malformed set of keys is no set: those known go on', async () => {
  const { token, outcome, state } = await setUp();
  await outcome(await token());
  state.now += 10 * minute;
  state.jwks = [];
  expect(await outcome(await token())).toBe('accepted');
});

test('a tenant that is not registered is forbidden, and a registry that is down makes nobody so', async () => {
  const { token, outcome, fake } = await setUp();
  expect(await outcome(await token({ org: 'globex' }))).toBe('forbidden');
  fake.registryDown = true;
  expect(await outcome(await token())).toBe('unavailable');
});
