import { createPublicKey, verify as nodeVerify } from 'node:crypto';
import fc from 'fast-check';
import { calculateJwkThumbprint } from 'jose';
import { describe, expect, test } from 'vitest';
import { generateKey, publicKeyFrom, sign, thumbprint, verify } from '../../src/domain/ed25519.ts';
import { add, decode, neutral, times } from './edwards25519.ts';

const base64url = (hex: string) => Buffer.from(hex, 'hex').toString('base64url');

/**
 * Every encoding of a point of order 1, 2, 4 or 8, canonical or not, and with either sign
 * (https://eprint.iacr.org/2020/1244, table 1; libsodium refuses the same).
 */
const smallOrder = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  '0100000000000000000000000000000000000000000000000000000000000080',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
];

describe('points of small order', () => {
  test.each(smallOrder)('%s is no key', (hex) => {
    expect(publicKeyFrom(base64url(hex))).toBeUndefined();
  });

  test('times 8 they are the neutral element, a real key is not, and there are no others', () => {
    const points = smallOrder.map((hex) => decode(Buffer.from(hex, 'hex')));
    for (const point of points) expect(point && times(8n, point)).toEqual(neutral);
    const different = new Set(points.map((point) => `${point?.x} ${point?.y}`));
    expect(different.size).toBe(8); // the group has 8 · L elements, and L is prime
    const real = decode(Buffer.from(generateKey().jwk.x, 'base64url'));
    expect(real && times(8n, real)).not.toEqual(neutral);
  });

  // R is the neutral element and S is 0. What must hold is S·B = R + h·A, where h is the message's hash.
  const fixed = Buffer.concat([Buffer.from(smallOrder[0] ?? '', 'hex'), Buffer.alloc(32)]);
  const messages = Array.from({ length: 64 }, (_, i) => Buffer.from(`pay ${i}`));

  test('the reason: under one of them a fixed signature holds whatever the message is', () => {
    const a = decode(Buffer.from(smallOrder[0] ?? '', 'hex'));
    const r = decode(fixed.subarray(0, 32));
    if (a === undefined || r === undefined) throw new Error('not on the curve');
    for (const h of [1n, 7n, 2n ** 251n + 12_345n]) expect(add(r, times(h, a))).toEqual(neutral);
  });

  // OpenSSL 3.5, which Node 24 has, no longer does; the SDK and the verifier run on Node 22 too.
  test.runIf(process.versions.openssl.startsWith('3.0.'))(
    'node:crypto of Node 22 lets that signature pass',
    () => {
      const x = base64url(smallOrder[0] ?? '');
      const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
      for (const message of messages) expect(nodeVerify(null, message, key, fixed)).toBe(true);
    },
  );
});

test('a y that is not reduced is no key: its key would have two names', () => {
  // 2^255 − 19 + y for the few y that fit into 255 bits.
  for (let y = 0; y < 19; y++)
    for (const sign of [0x7f, 0xff]) {
      const bytes = Buffer.alloc(32, 0xff);
      bytes[0] = 0xed + y;
      bytes[31] = sign;
      expect(publicKeyFrom(bytes.toString('base64url'))).toBeUndefined();
    }
});

test('any text but 32 bytes of strict base64url is no key', () => {
  const { x } = generateKey().jwk;
  expect(publicKeyFrom(x)).toBeDefined();
  const lax = `${x.slice(0, -1)}${String.fromCharCode(x.charCodeAt(42) + 1)}`; // other unused bits
  expect(Buffer.from(lax, 'base64url')).toEqual(Buffer.from(x, 'base64url'));
  for (const wrong of ['', x.slice(1), `${x}A`, `${x}=`, ` ${x}`, `${x}\n`, lax])
    expect(publicKeyFrom(wrong)).toBeUndefined();
  expect(publicKeyFrom(Buffer.alloc(31, 9).toString('base64url'))).toBeUndefined();
  expect(publicKeyFrom(Buffer.alloc(33, 9).toString('base64url'))).toBeUndefined();
});

test('a signature holds for its message and its key, and for no other', () => {
  const [mine, other] = [generateKey(), generateKey()];
  const [key, otherKey] = [publicKeyFrom(mine.jwk.x), publicKeyFrom(other.jwk.x)];
  if (key === undefined || otherKey === undefined) throw new Error('a fresh key was refused');
  const message = fc.string({ unit: 'binary-ascii' });
  fc.assert(
    fc.property(message, message, fc.nat(511), (text, different, bit) => {
      const signature = sign(text, mine.privateKey);
      expect(verify(text, signature, key)).toBe(true);
      expect(verify(text, signature, otherKey)).toBe(false);
      expect(verify(different, signature, key)).toBe(different === text);
      signature[bit >> 3] = (signature[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(verify(text, signature, key)).toBe(false);
    }),
  );
});

test('a thumbprint is that of RFC 7638, and of RFC 8037’s example', async () => {
  const example = {
    kty: 'OKP',
    crv: 'Ed25519',
    x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  } as const;
  expect(thumbprint(example)).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  const { jwk } = generateKey();
  expect(thumbprint(jwk)).toBe(await calculateJwkThumbprint(jwk));
});
