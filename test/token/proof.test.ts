import { createHmac, generateKeyPairSync } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { generateKey, thumbprint } from '../../src/domain/ed25519.ts';
import { codeOf, type ErrorCode } from '../../src/domain/error.ts';
import { signingInput, signJws } from '../../src/domain/jws.ts';
import { verifyProof } from '../../src/token/proof.ts';
import { domain, proofFor, start } from './token-service.ts';

const token = 'st_abc_def';
const context = { method: 'POST', domain, path: '/v1/credentials', token, now: start };

function refusal(
  proof: string,
  over: Partial<typeof context & { publicUrl: string }> = {},
): ErrorCode | undefined {
  try {
    verifyProof(proof, { ...context, ...over });
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}

test('a proof tells its key and its jti', () => {
  const key = generateKey();
  const proof = verifyProof(proofFor(token, { key, claims: { jti: 'jti_12-3.4' } }), context);
  expect(proof).toEqual({ jwk: key.jwk, thumbprint: thumbprint(key.jwk), jti: 'jti_12-3.4' });
});

test('a clock may be a minute off, either way, and no more', () => {
  const at = (off: number) => proofFor(token, { claims: { iat: start / 1000 + off } });
  for (const off of [-60, 0, 60]) expect(refusal(at(off))).toBeUndefined();
  for (const off of [-61, 61, -1e9, 1e300]) expect(refusal(at(off))).toBe('proof-invalid');
});

test('claims besides the five are let be, as RFC 9449 has it', () => {
  expect(refusal(proofFor(token, { claims: { nonce: 'n', exp: 1 } }))).toBeUndefined();
});

test.each([
  ['another method', { htm: 'GET' }],
  ['a method in lower case', { htm: 'post' }],
  ['another host', { htu: 'https://evil.example.com/v1/credentials' }],
  ['another port', { htu: `https://${domain}:8443/v1/credentials` }],
  ['another path', { htu: `https://${domain}/v1/commits` }],
  ['a path with a slash more', { htu: `https://${domain}/v1/credentials/` }],
  ['plain HTTP over a network', { htu: `http://${domain}/v1/credentials` }],
  ['a user in the URL', { htu: `https://me@${domain}/v1/credentials` }],
  ['no URL', { htu: '/v1/credentials' }],
  ['another token', { ath: 'x'.repeat(43) }],
  ['a token’s hash with padding', { ath: 'dGVzdA==' }],
  ['no jti', { jti: undefined }],
  ['a jti that is guessed', { jti: 'short' }],
  ['a jti that is too long', { jti: 'a'.repeat(129) }],
  ['a jti with other characters', { jti: 'revoked#12345678' }],
  ['no iat', { iat: undefined }],
  ['a time as text', { iat: String(start / 1000) }],
  ['no ath', { ath: undefined }],
])('a proof for %s is refused', (_, claims) => {
  expect(refusal(proofFor(token, { claims }))).toBe('proof-invalid');
});

test('a proof for the token of another is refused', () => {
  expect(refusal(proofFor('st_other_token'))).toBe('proof-invalid');
});

test('the URL is compared as URLs are: default port, letter case, query and fragment aside', () => {
  for (const htu of [
    `https://${domain}:443/v1/credentials`,
    `HTTPS://${domain.toUpperCase()}/v1/credentials`,
    `https://${domain}/v1/x/../credentials`,
    `https://${domain}/v1/credentials?a=b#c`,
  ])
    expect(refusal(proofFor(token, { claims: { htu } }))).toBeUndefined();
});

test('behind a proxy or a base path the public URL is meant, or the one that the request came in by', () => {
  const publicUrl = 'https://audit.example.org/trail/v1/credentials';
  const at = (htu: string) =>
    refusal(proofFor(token, { claims: { htu } }), { domain: 'abc.execute-api.example', publicUrl });
  for (const htu of [
    publicUrl,
    `${publicUrl}?x=1`,
    'https://AUDIT.example.org:443/trail/v1/credentials',
  ])
    expect(at(htu)).toBeUndefined();
  expect(at('https://abc.execute-api.example/v1/credentials')).toBeUndefined();
  for (const htu of [
    'https://audit.example.org/v1/credentials',
    'https://audit.example.org/other/v1/credentials',
    'https://audit.example.org/trail/v1/commits',
    'http://audit.example.org/trail/v1/credentials',
    'https://me@audit.example.org/trail/v1/credentials',
    'https://abc.execute-api.example/trail/v1/credentials',
  ])
    expect(at(htu)).toBe('proof-invalid');
});

test('plain HTTP is good on loopback, with the port', () => {
  for (const host of ['127.0.0.1:4566', 'localhost:4566', '[::1]:4566']) {
    const proof = proofFor(token, { claims: { htu: `http://${host}/v1/credentials` } });
    expect(refusal(proof, { domain: host })).toBeUndefined();
    expect(refusal(proof, { domain: '127.0.0.1:80' })).toBe('proof-invalid');
  }
});

test('a proof signed with another key than it names is refused', () => {
  const proof = proofFor(token, { signer: generateKey().privateKey });
  expect(refusal(proof)).toBe('proof-invalid');
});

test('a proof of which a byte was changed is refused', () => {
  const [header, , signature] = proofFor(token).split('.');
  const [, payload] = proofFor(token, { claims: { extra: true } }).split('.');
  expect(refusal([header, payload, signature].join('.'))).toBe('proof-invalid');
});

test.each([
  ['no alg', { alg: 'none' }],
  ['HS256', { alg: 'HS256' }],
  ['another typ', { typ: 'JWT' }],
  ['a jku', { jku: 'https://evil.example.com/keys' }],
  ['a kid', { kid: 'x' }],
  ['a crit', { crit: ['b64'] }],
])('a header with %s is refused', (_, header) => {
  expect(refusal(proofFor(token, { header }))).toBe('proof-invalid');
});

test('an HMAC keyed with the public key is no signature', () => {
  const { jwk } = generateKey();
  const [, payload = ''] = proofFor(token).split('.');
  const header = JSON.stringify({ typ: 'dpop+jwt', alg: 'HS256', jwk });
  const signed = signingInput(header, Buffer.from(payload, 'base64url').toString());
  // 64 bytes, as a signature has.
  const mac = createHmac('sha512', Buffer.from(jwk.x, 'base64url')).update(signed).digest();
  expect(refusal(`${signed}.${mac.toString('base64url')}`)).toBe('proof-invalid');
});

test('a header or payload with doubled keys is refused, though its signature holds', () => {
  const { privateKey, jwk } = generateKey();
  const header = { typ: 'dpop+jwt', alg: 'EdDSA', jwk };
  const [, payload = ''] = proofFor(token).split('.');
  const texts = [JSON.stringify(header), Buffer.from(payload, 'base64url').toString()] as const;
  const double = (text: string) => text.replace('{', '{"jti":"a-proof-0","jti":"a-proof-0",');
  expect(refusal(signJws(...texts, privateKey))).toBeUndefined();
  expect(refusal(signJws(texts[0], double(texts[1]), privateKey))).toBe('proof-invalid');
  const doubled = texts[0].replace('{', '{"alg":"EdDSA",');
  expect(refusal(signJws(doubled, texts[1], privateKey))).toBe('proof-invalid');
});

test.each(['', 'a.b', 'a.b.c', 'a.b.c.d.e', `${'a'.repeat(86)}..${'a'.repeat(86)}`])(
  'what is no JWS is refused: %s',
  (text) => {
    expect(refusal(text)).toBe('proof-invalid');
  },
);

const key = generateKey();
const point = (hex: string) => Buffer.from(hex, 'hex').toString('base64url');

test.each([
  ['private', { ...key.jwk, d: key.privateKey.export({ format: 'jwk' }).d }],
  ['missing', undefined],
  ['no object', 'x'],
  ['named besides', { ...key.jwk, kid: 'x' }],
  ['of another curve', { ...key.jwk, crv: 'X25519' }],
  ['of another kind', { kty: 'oct', k: 'AAAA' }],
  ['too short', { ...key.jwk, x: 'AAAA' }],
  ['in lax base64url', { ...key.jwk, x: `${key.jwk.x}=` }],
  ['the neutral point', { ...key.jwk, x: point(`01${'00'.repeat(31)}`) }],
  ['of order 2', { ...key.jwk, x: point(`ec${'ff'.repeat(30)}7f`) }],
  ['of order 4', { ...key.jwk, x: point('00'.repeat(32)) }],
  [
    'of order 8',
    { ...key.jwk, x: point('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05') },
  ],
  ['the neutral point with a sign', { ...key.jwk, x: point(`01${'00'.repeat(30)}80`) }],
  ['not canonical', { ...key.jwk, x: point(`f0${'ff'.repeat(30)}7f`) }],
  ['not canonical, with a sign', { ...key.jwk, x: point(`f0${'ff'.repeat(31)}`) }],
  ['the prime itself', { ...key.jwk, x: point(`ed${'ff'.repeat(30)}7f`) }],
])('a key that is %s is refused as a key', (_, jwk) => {
  expect(refusal(proofFor(token, { key, header: { jwk } }))).toBe('key-invalid');
});

test('the fixed signature that a small-order key verifies gets nothing', () => {
  const neutral = { kty: 'OKP', crv: 'Ed25519', x: point(`01${'00'.repeat(31)}`) };
  const [, payload] = proofFor(token).split('.');
  const header = JSON.stringify({ typ: 'dpop+jwt', alg: 'EdDSA', jwk: neutral });
  const forged = `${Buffer.from(header).toString('base64url')}.${payload}.${point(`01${'00'.repeat(63)}`)}`;
  expect(refusal(forged)).toBe('key-invalid');
});

test('a proof on another curve is refused as a key, though jose made and signed it well', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  const proof = await new SignJWT({ htm: 'POST' })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: jwk as object })
    .sign(privateKey);
  expect(refusal(proof)).toBe('key-invalid');
});

test('an RSA proof is refused', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const proof = await new SignJWT({ htm: 'POST' })
    .setProtectedHeader({
      alg: 'RS256',
      typ: 'dpop+jwt',
      jwk: publicKey.export({ format: 'jwk' }) as object,
    })
    .sign(privateKey);
  expect(refusal(proof)).toBe('proof-invalid');
});
