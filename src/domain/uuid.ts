import { randomFillSync } from 'node:crypto';

/** RFC 9562 §5.7, lower case. */
export const uuidV7Pattern =
  /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The 48-bit timestamp of a UUIDv7, epoch ms. */
export function timeOfUuid(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** A UUIDv7 of `ms` whose other 74 bits are taken from `bits` (at least 10 bytes). */
export function uuidV7(ms: number, bits: Uint8Array): string {
  const hex = Buffer.from(bits.buffer, bits.byteOffset, 10).toString('hex');
  const time = ms.toString(16).padStart(12, '0');
  const variant = (8 + (Number.parseInt(hex.charAt(4), 16) & 3)).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex.slice(1, 4)}-${variant}${hex.slice(5, 8)}-${hex.slice(8, 20)}`;
}

/**
 * A source of ids that keep the order of their making within a millisecond: the 26 bits after the
 * timestamp count up from a random start (RFC 9562 §6.2, method 1), the other 48 are random, from a
 * pool, since asking the system for each id costs more than the rest of it.
 */
export function uuidSource(
  fill: (pool: Uint8Array) => void = randomFillSync,
): (ms: number) => string {
  const pool = new Uint8Array(4096);
  const bits = new Uint8Array(10);
  let at = pool.length;
  let lastMs = -1;
  let count = 0;

  return (ms) => {
    if (at + 10 > pool.length) {
      fill(pool);
      at = 0;
    }
    bits.set(pool.subarray(at, at + 10));
    at += 10;
    // The start leaves the upper half of the 26 bits free to count into.
    if (ms !== lastMs)
      count = ((bits[0] ?? 0) << 17) | ((bits[1] ?? 0) << 9) | ((bits[2] ?? 0) << 1);
    else count = (count + 1) & 0x3ffffff;
    lastMs = ms;
    bits[0] = (count >>> 22) & 0x0f;
    bits[1] = (count >>> 14) & 0xff;
    bits[2] = (((count >>> 12) & 3) << 4) | ((count >>> 8) & 0x0f);
    bits[3] = count & 0xff;
    return uuidV7(ms, bits);
  };
}
