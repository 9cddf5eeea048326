import { createCipheriv, createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Bytes as a text that only the holders of `secret` (32 bytes) can make or read, in base64url: the HMAC-SHA-256
 * of the bytes, then the bytes under AES-256-CTR with the HMAC's first half as initial counter. So equal bytes give
 * equal texts (an ETag rests on it), and nothing else is told but that they are equal: the construction of a
 * synthetic IV (RFC 5297), with HMAC in the place of CMAC.
 */
export function toOpaque(bytes: Buffer, secret: Buffer): string {
  const mac = macOf(bytes, secret);
  return Buffer.concat([mac, crypt(bytes, mac, secret)]).toString('base64url');
}

/** The bytes again; undefined for a text that was changed in any way, or made with another secret. */
export function fromOpaque(text: string, secret: Buffer): Buffer | undefined {
  const all = Buffer.from(text, 'base64url');
  if (all.length < macLength || all.toString('base64url') !== text) return undefined;
  const mac = all.subarray(0, macLength);
  const bytes = crypt(all.subarray(macLength), mac, secret);
  return timingSafeEqual(mac, macOf(bytes, secret)) ? bytes : undefined;
}

const macLength = 32;

function macOf(bytes: Buffer, secret: Buffer): Buffer {
  return createHmac('sha256', keyFor('mac', secret)).update(bytes).digest();
}

/** Its own inverse. */
function crypt(bytes: Buffer, mac: Buffer, secret: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-ctr', keyFor('cipher', secret), mac.subarray(0, 16));
  return Buffer.concat([cipher.update(bytes), cipher.final()]);
}

/** One key for each use. */
function keyFor(use: 'mac' | 'cipher', secret: Buffer): Buffer {
  return createHmac('sha256', secret).update(use).digest();
}
