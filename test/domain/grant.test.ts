import { createPublicKey, sign } from 'node:crypto';
import { jwtVerify } from 'jose';
import { expect, test } from 'vitest';
import { generateKey, thumbprint } from '../../src/domain/ed25519.ts';
import { codeOf } from '../../src/domain/error.ts';
import {
  type Grant,
  grantHeader,
  grantId,
  grantPayload,
  verifyGrant,
} from '../../src/domain/grant.ts';
import { signJws } from '../../src/domain/jws.ts';

const issuerKey = generateKey();
const keyId = thumbprint(issuerKey.jwk);
const publicKey = createPublicKey(issuerKey.privateKey);
const issuer = { name: 'sealtrail/test', keys: new Map([[keyId, publicKey]]) };
const clientKey = generateKey();

const grant: Grant = {
  iss: 'sealtrail/test',
  sub: 'billing',
  tenant: 'acme',
  jti: grantId(thumbprint(clientKey.jwk), 'proof-1'),
  cnf: { jwk: clientKey.jwk },
  iat: 1_700_000_000,
  exp: 1_700_003_600,
  retentionDays: 400,
  shards: 2,
  via: 'sdk',
};

function signed(payload: string, header = grantHeader(keyId), key = issuerKey.privateKey): string {
  return signJws(header, payload, key);
}

function outcome(jwt: string, of = issuer): string | undefined {
  try {
    verifyGrant(jwt, of);
  } catch (error) {
    return codeOf(error) ?? String(error);
  }
  return 'verified';
}

test('a grant is read back as it was signed, with the client’s key', () => {
  const { key, issuerKey, ...rest } = verifyGrant(signed(grantPayload(grant)), issuer);
  expect(rest).toEqual(grant);
  expect(issuerKey.equals(publicKey)).toBe(true);
  expect(key.export({ format: 'jwk' })).toMatchObject(clientKey.jwk);
});

test('a JOSE library verifies a grant', async () => {
  const { payload } = await jwtVerify(signed(grantPayload(grant)), publicKey, {
    issuer: 'sealtrail/test',
    typ: 'sealtrail-grant+jwt',
    currentDate: new Date(1_700_000_001_000),
  });
  expect(payload).toEqual(grant);
});

test('a grant’s end is not what makes it valid: that depends on when a record arrived', () => {
  expect(outcome(signed(grantPayload({ ...grant, iat: 1, exp: 2 })))).toBe('verified');
});

test('a proof names one grant: another key or another jti, another id', () => {
  expect(grant.jti).toMatch(/^[A-Za-z0-9_-]{43}$/);
  const ids = ['a', 'b'].flatMap((key) => ['1', '2'].map((jti) => grantId(key.repeat(43), jti)));
  expect(new Set(ids).size).toBe(4);
});

const wrongMembers: [string, object][] = [
  ['another issuer', { iss: 'somebody' }],
  ['a tenant with a star', { tenant: '*' }],
  ['a tenant with #', { tenant: 'a#b' }],
  ['no tenant', { tenant: undefined }],
  ['an empty client', { sub: '' }],
  ['a client of 65 characters', { sub: 'x'.repeat(65) }],
  ['an id that is no digest', { jti: 'short' }],
  ['an id with unused bits', { jti: `${'A'.repeat(42)}B` }],
  ['a member more', { admin: true }],
  ['a time that is a text', { exp: '1700003600' }],
  ['a time in parts of a second', { exp: 1_700_003_600.5 }],
  ['no end', { exp: undefined }],
  ['an end beyond the year 9999', { exp: 253_402_300_800 }],
  ['an end before 1970', { exp: 0 }],
  ['an issuer of letters that JSON could escape', { iss: 'sealtrail/"test"' }],
  ['an issuer that is not ASCII', { iss: 'sealtrail/tést' }],
  ['no word of who seals', { via: undefined }],
  ['another word of who seals', { via: 'browser' }],
  ['no retention', { retentionDays: 0 }],
  ['too long a retention', { retentionDays: 36_501 }],
  ['no shards', { shards: 0 }],
  ['too many shards', { shards: 1025 }],
  ['a key of small order', { cnf: { jwk: { ...clientKey.jwk, x: `AQ${'A'.repeat(41)}` } } }],
  ['a private key', { cnf: { jwk: { ...clientKey.jwk, d: 'A'.repeat(43) } } }],
  ['a key of another curve', { cnf: { jwk: { ...clientKey.jwk, crv: 'X25519' } } }],
  ['no key', { cnf: {} }],
];

const text = grantPayload(grant);

test('a grant is written with exactly these members, in this order', () => {
  expect(text).toBe(
    `{"iss":"sealtrail/test","sub":"billing","tenant":"acme","jti":"${grant.jti}","cnf":{"jwk":{"kty":"OKP","crv":"Ed25519","x":"${clientKey.jwk.x}"}},"iat":1700000000,"exp":1700003600,"retentionDays":400,"shards":2,"via":"sdk"}`,
  );
  const reversed = Object.fromEntries(Object.entries(grant).toReversed()) as unknown as Grant;
  expect(grantPayload(reversed)).toBe(text);
  const last = { ...grant, exp: 253_402_300_799, via: 'gateway' as const };
  expect(outcome(signed(grantPayload(last)))).toBe('verified');
});

test.each<[string, string | Buffer]>([
  ['its tenant twice', text.replace('"tenant":', '"tenant":"evil","tenant":')],
  ['its tenant twice, once escaped', text.replace('"tenant":', '"t\\u0065nant":"evil","tenant":')],
  ['a letter escaped', text.replace('"acme"', '"\\u0061cme"')],
  ['white space', text.replace('"tenant":', '"tenant": ')],
  ['white space behind it', `${text}\n`],
  ['two members swapped', text.replace(/("sub":"billing"),("tenant":"acme")/, '$2,$1')],
  [
    'two members of its key swapped',
    text.replace('"kty":"OKP","crv":"Ed25519"', '"crv":"Ed25519","kty":"OKP"'),
  ],
  ['an end with an exponent', text.replace('1700003600', '17000036e2')],
  ['an end with decimals', text.replace('1700003600', '1700003600.0')],
  ['U+FEFF before it', `\ufeff${text}`],
  [
    'bytes that are no UTF-8',
    Buffer.from(text.replace('sealtrail/test', 'sealtrail\xfftest'), 'latin1'),
  ],
])('a signed grant with %s is refused: a payload has one form', (_, payload) => {
  const input = `${Buffer.from(grantHeader(keyId)).toString('base64url')}.${Buffer.from(payload).toString('base64url')}`;
  const signature = sign(null, Buffer.from(input), issuerKey.privateKey).toString('base64url');
  expect(outcome(`${input}.${signature}`)).toBe('grant-invalid');
  expect(outcome(signed(text))).toBe('verified');
});

test.each(wrongMembers)('a signed grant with %s is refused', (_, over) => {
  expect(outcome(signed(JSON.stringify({ ...grant, ...over })))).toBe('grant-invalid');
});

test.each(wrongMembers.slice(1, -5))('a grant with %s is not made', (_, over) => {
  expect(() => grantPayload({ ...grant, ...over } as Grant)).toThrow();
});

const payload = grantPayload(grant);
const [head = '', body = '', tag = ''] = signed(payload).split('.');
const encode = (text: string) => Buffer.from(text).toString('base64url');

test.each([
  [
    'signed with a key that is not the issuer’s',
    signed(payload, grantHeader(keyId), clientKey.privateKey),
  ],
  [
    'of an unknown key',
    signed(payload, grantHeader(thumbprint(clientKey.jwk)), clientKey.privateKey),
  ],
  ['of alg none', `${encode('{"alg":"none"}')}.${body}.`],
  ['of alg none with a signature', `${encode('{"alg":"none"}')}.${body}.${tag}`],
  [
    'of HS256',
    signed(payload, JSON.stringify({ alg: 'HS256', typ: 'sealtrail-grant+jwt', kid: keyId })),
  ],
  [
    'of another type',
    signed(payload, JSON.stringify({ alg: 'EdDSA', typ: 'sealtrail-manifest+jwt', kid: keyId })),
  ],
  [
    'with a header member more',
    signed(
      payload,
      JSON.stringify({ alg: 'EdDSA', typ: 'sealtrail-grant+jwt', kid: keyId, jwk: clientKey.jwk }),
    ),
  ],
  [
    'with another order in its header',
    signed(payload, JSON.stringify({ typ: 'sealtrail-grant+jwt', alg: 'EdDSA', kid: keyId })),
  ],
  ['that is not JSON', signed('{')],
  ['that is null', signed('null')],
  ['with another body', `${head}.${encode(payload.replace('acme', 'evil'))}.${tag}`],
  ['that is empty', ''],
  ['with a segment more', `${head}.${body}.${tag}.x`],
])('a grant %s is refused', (_, jwt) => {
  expect(outcome(jwt)).toBe('grant-invalid');
});

test('a grant is refused by another issuer, and by one that has lost the key', () => {
  const jwt = signed(payload);
  expect(outcome(jwt)).toBe('verified');
  expect(outcome(jwt, { ...issuer, name: 'sealtrail/other' })).toBe('grant-invalid');
  expect(outcome(jwt, { ...issuer, keys: new Map() })).toBe('grant-invalid');
});
