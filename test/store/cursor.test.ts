import { expect, test } from 'vitest';
import { z } from 'zod';
import { codeOf } from '../../src/domain/error.ts';
import { type CursorOptions, decodeCursor, encodeCursor } from '../../src/store/cursor.ts';
import { toOpaque } from '../../src/store/opaque.ts';

const now = 1_700_000_000_000;
const binding: CursorOptions = { secret: Buffer.alloc(32, 1), tenant: 'acme', query: 'q', now };
const schema = z.strictObject({ at: z.string() });
const cursor = encodeCursor({ at: 'here' }, binding, 1000);

function outcome(text: string, over: Partial<CursorOptions> = {}, of: z.ZodType = schema) {
  try {
    decodeCursor(text, of, { ...binding, ...over });
  } catch (error) {
    return codeOf(error) ?? String(error);
  }
  return 'accepted';
}

test('a position is read back from its cursor', () => {
  expect(decodeCursor(cursor, schema, binding)).toEqual({ at: 'here' });
});

test('a cursor with any one bit flipped is refused', () => {
  const bytes = Buffer.from(cursor, 'latin1');
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(outcome(flipped.toString('latin1')), `bit ${bit}`).toBe('cursor-invalid');
  }
});

test('a cursor with any character changed, missing or more is refused', () => {
  for (let i = 0; i <= cursor.length; i++)
    for (const by of ['', 'A', '_', '.', '=', ' ']) {
      for (const rest of [cursor.slice(i), cursor.slice(i + 1)]) {
        const changed = cursor.slice(0, i) + by + rest;
        if (changed !== cursor) expect(outcome(changed)).toBe('cursor-invalid');
      }
    }
});

test.each(['', '.', '..', 'x', 'e30.', `${cursor}.`, `.${cursor}`])('%j is no cursor', (text) => {
  expect(outcome(text)).toBe('cursor-invalid');
});

test('a cursor is another tenant’s secret, and another question’s or another key’s nonsense', () => {
  expect(outcome(cursor, { tenant: 'globex' })).toBe('not-found');
  expect(outcome(cursor, { query: 'p' })).toBe('cursor-invalid');
  expect(outcome(cursor, { secret: Buffer.alloc(32, 2) })).toBe('cursor-invalid');
  expect(outcome(cursor, {}, z.strictObject({ after: z.string() }))).toBe('cursor-invalid');
});

test('a cursor ends after its life, and one without an end never does', () => {
  expect(outcome(cursor, { now: now + 999 })).toBe('accepted');
  expect(outcome(cursor, { now: now + 1000 })).toBe('cursor-expired');
  const endless = encodeCursor({ at: 'here' }, binding, undefined);
  expect(outcome(endless, { now: now + 1e12 })).toBe('accepted');
});

test('a cursor of another version of ours is refused', () => {
  const body = Buffer.from(JSON.stringify({ v: 2, tenant: 'acme', query: 'q', exp: null }));
  expect(outcome(toOpaque(body, binding.secret))).toBe('cursor-invalid');
});

test('a cursor tells nothing of the place that it holds, and is the same for the same place', () => {
  const place = { at: '2026-03-01T12:00:00.000Z#another-customers-batch' };
  const text = encodeCursor(place, binding, 1000);
  expect(encodeCursor(place, binding, 1000)).toBe(text);
  for (const hidden of ['2026-03-01', 'another-customers-batch', 'acme'])
    expect(Buffer.from(text, 'base64url').toString('latin1')).not.toContain(hidden);
  // Two places share no bytes, although their texts begin alike.
  const other = encodeCursor({ at: '2026-03-01T12:00:00.000Z#b' }, binding, 1000);
  expect(other.slice(0, 8)).not.toBe(text.slice(0, 8));
  expect(other.slice(44, 60)).not.toBe(text.slice(44, 60));
});
