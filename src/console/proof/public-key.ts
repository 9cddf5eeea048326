import { type Bytes, fromBase64url, sha256Text } from './bytes.ts';

const prime = 2n ** 255n - 19n;

/** y of the points of order 1, 2, 4 and 8: with one of them a fixed signature holds for any message. */
const smallOrder = new Set([
  0n,
  1n,
  prime - 1n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
]);

/** The 32 bytes of a key that proves something: canonical, not of small order. */
export function keyBytes(x: string): Bytes | undefined {
  const bytes = fromBase64url(x);
  if (bytes?.length !== 32) return undefined;
  const hex = bytes
    .toReversed()
    .reduce((text, byte) => text + byte.toString(16).padStart(2, '0'), '');
  const y = BigInt(`0x${hex}`) & ((1n << 255n) - 1n); // the top bit is the sign of x
  return y >= prime || smallOrder.has(y) ? undefined : bytes;
}

/** RFC 7638 thumbprint of an Ed25519 key, base64url. */
export function thumbprint(x: string): Promise<string> {
  return sha256Text(JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x }));
}

/** Whether this browser can verify Ed25519: https://wicg.github.io/webcrypto-secure-curves/, and only over https. */
export async function hasEd25519(): Promise<boolean> {
  try {
    // The key of RFC 8037, appendix A.
    const key = keyBytes('11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo');
    if (key === undefined) return false;
    await crypto.subtle.importKey('raw', key, 'Ed25519', false, ['verify']);
    return true;
  } catch {
    return false;
  }
}

export async function verifies(key: Bytes, signature: Bytes, signed: string): Promise<boolean> {
  const imported = await crypto.subtle.importKey('raw', key, 'Ed25519', false, ['verify']);
  return crypto.subtle.verify('Ed25519', imported, signature, new TextEncoder().encode(signed));
}
