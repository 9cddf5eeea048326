import { hash } from 'node:crypto';

/**
 * SHA-256 of `data`, 32 bytes. By way of a one-byte string, since `hash` takes four times as long to make a
 * Buffer (1.6 µs against 0.4).
 */
export function sha256(data: string | Uint8Array): Buffer {
  return Buffer.from(hash('sha256', data, 'binary'), 'latin1');
}

/**
 * Strict base64url (RFC 4648 §5, no padding). Node's own decoder skips what it does not know, so that
 * many texts decode to the same bytes: here a text must encode to itself again.
 */
export function fromBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

/** RFC 3339, UTC, milliseconds: the only form of time in a manifest or an event. */
export const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Epoch milliseconds of a time in exactly that form; undefined for any other text. */
export function fromTime(text: string): number | undefined {
  if (!timePattern.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) || toTime(ms) !== text ? undefined : ms;
}

export function toTime(ms: number): string {
  return new Date(ms).toISOString();
}
