import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { sha256 } from './encoding.ts';

export type Scope = 'read' | 'write';

/** What is kept of an API key. The key itself is nowhere but with its owner. */
export interface ApiKeyRecord {
  /** SHA-256 of the whole text of the key, 32 bytes. */
  readonly hash: Uint8Array;
  /** The one tenant that it is good for, or `*`: a reader of all tenants. */
  readonly tenant: string;
  readonly client: string;
  readonly scopes: ReadonlySet<Scope>;
  /** RFC 3339 ms. */
  readonly created: string;
  /** RFC 3339 ms; a key that has this is good for nothing. */
  readonly revoked?: string;
}

/** The secret has 32 characters of 32 each: 160 bits. What is read must have at least 26: 130 bits. */
const shape = /^(st_([a-z0-9]{4,32})_[a-z0-9]{26,64})_([0-9a-f]{8})$/;
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/**
 * A new API key, `st_<id>_<secret>_<checksum>`: one word to a double click, and findable by scanners of
 * leaked secrets. `text` is shown once; `id` and `hash` are what is kept.
 */
export function mintApiKey(random: (bytes: number) => Uint8Array = randomBytes): {
  readonly id: string;
  readonly text: string;
  readonly hash: Buffer;
} {
  const id = word(random(12));
  const body = `st_${id}_${word(random(32))}`;
  const text = `${body}_${checksum(body)}`;
  return { id, text, hash: sha256(text) };
}

/**
 * The id of a key, and the hash that its record must have; undefined if its form or checksum is wrong, so
 * that a mistyped key, or a guessed one, costs no look-up.
 */
export function parseApiKey(text: string): { id: string; hash: Buffer } | undefined {
  const [, body = '', id = '', sum] = shape.exec(text) ?? [];
  return sum !== undefined && checksum(body) === sum ? { id, hash: sha256(text) } : undefined;
}

/** Five bits of each byte: 256 is a multiple of 32, so that no letter is likelier than another. */
function word(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => alphabet.charAt(byte & 31)).join('');
}

/** CRC-32 finds slips; what makes a key a key is the secret. */
function checksum(body: string): string {
  return crc32(body).toString(16).padStart(8, '0');
}
