import {
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes,
} from 'node:crypto';
import { fromBase64url, sha256 } from './encoding.ts';

/** A public Ed25519 key as a JWK (RFC 8037). */
export interface PublicJwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
}

const prime = 2n ** 255n - 19n;

/**
 * The y coordinates of the points of order 1, 2, 4 and 8. Node takes them as keys, and with one of them
 * a single fixed signature holds for any message: https://eprint.iacr.org/2020/1244 (table 1). OpenSSL
 * 3.5 (Node 24) refuses that signature, 3.0 (Node 22) lets it pass.
 */
const smallOrder = new Set([
  0n,
  1n,
  prime - 1n,
  littleEndian('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
  littleEndian('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
]);

function littleEndian(hex: string): bigint {
  return BigInt(`0x${Buffer.from(hex, 'hex').reverse().toString('hex')}`);
}

/** A key that may be trusted with signatures: 32 bytes, canonical, not of small order; or undefined. */
export function publicKeyFrom(x: string): KeyObject | undefined {
  const bytes = fromBase64url(x);
  if (bytes?.length !== 32) return undefined;
  const y = Buffer.from(bytes);
  y[31] = (y[31] ?? 0) & 0x7f; // the top bit is the sign of x
  const value = littleEndian(y.toString('hex'));
  if (value >= prime || smallOrder.has(value)) return undefined;
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}

export function jwkOf(key: KeyObject): PublicJwk {
  const { kty, crv, x } = key.export({ format: 'jwk' });
  if (kty !== 'OKP' || crv !== 'Ed25519' || x === undefined)
    throw new TypeError('not an Ed25519 key');
  return { kty, crv, x };
}

/** RFC 7638 thumbprint, base64url, 43 characters. */
export function thumbprint(jwk: PublicJwk): string {
  return sha256(JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x })).toString('base64url');
}

export function generateKey(): { readonly privateKey: KeyObject; readonly jwk: PublicJwk } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { privateKey, jwk: jwkOf(publicKey) };
}

/** 64 bytes (RFC 8032, pure Ed25519). */
export function sign(data: string, key: KeyObject): Buffer {
  return signBytes(null, Buffer.from(data, 'latin1'), key);
}

export function verify(data: string, signature: Uint8Array, key: KeyObject): boolean {
  return verifyBytes(null, Buffer.from(data, 'latin1'), key, signature);
}
