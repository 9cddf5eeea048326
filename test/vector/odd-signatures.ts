/** Signatures by which implementations of Ed25519 differ (https://eprint.iacr.org/2020/1244). */
import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { add, decode, encode, type Point, times } from '../domain/edwards25519.ts';

/** RFC 8032 §5.1: the order of the base point, and the base point. */
const order = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n;
const base = decode(Buffer.from(`58${'66'.repeat(31)}`, 'hex')) as Point;
/** Of order 8. */
const torsion = decode(
  Buffer.from('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'hex'),
) as Point;

const number = (bytes: Uint8Array) =>
  BigInt(`0x${Buffer.from(bytes).reverse().toString('hex') || '0'}`);
const scalarBytes = (n: bigint) => Buffer.from(n.toString(16).padStart(64, '0'), 'hex').reverse();
const sha512 = (...parts: Uint8Array[]) =>
  createHash('sha512').update(Buffer.concat(parts)).digest();

/** With a part of order 8 in R: it holds where the equation is multiplied by the cofactor, and nowhere else. */
export function withTorsion(data: Buffer, key: KeyObject): Buffer {
  const seed = Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url');
  const publicKey = Buffer.from(
    createPublicKey(key).export({ format: 'jwk' }).x ?? '',
    'base64url',
  );
  const hash = sha512(seed);
  const low = Buffer.from(hash.subarray(0, 32));
  low[0] = (low[0] ?? 0) & 248;
  low[31] = ((low[31] ?? 0) & 127) | 64;
  const r = number(sha512(hash.subarray(32), data)) % order;
  const point = encode(add(times(r, base), torsion));
  const k = number(sha512(point, publicKey, data)) % order;
  return Buffer.concat([point, scalarBytes((r + k * number(low)) % order)]);
}

/** S is not reduced: the same equation holds, and RFC 8032 §5.1.7 refuses it. */
export function withLargeS(data: Buffer, key: KeyObject): Buffer {
  const signature = sign(null, data, key);
  return Buffer.concat([
    signature.subarray(0, 32),
    scalarBytes(number(signature.subarray(32)) + order),
  ]);
}
