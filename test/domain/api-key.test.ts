import { expect, test } from 'vitest';
import { mintApiKey, parseApiKey } from '../../src/domain/api-key.ts';
import { sha256 } from '../../src/domain/encoding.ts';

test('a minted key is read back, with the hash that is kept of it', () => {
  const { id, text, hash } = mintApiKey();
  expect(text).toMatch(/^st_[a-z2-7]{12}_[a-z2-7]{32}_[0-9a-f]{8}$/);
  expect(hash).toEqual(sha256(text));
  expect(parseApiKey(text)).toEqual({ id, hash });
});

test('a key’s text is the same wherever it is minted', () => {
  const { text } = mintApiKey((bytes) => Uint8Array.from({ length: bytes }, (_, i) => i));
  expect(text).toBe('st_abcdefghijkl_abcdefghijklmnopqrstuvwxyz234567_6f6578e3');
});

test('no two keys are alike, and every letter occurs in a secret', () => {
  const texts = Array.from({ length: 200 }, () => mintApiKey().text);
  expect(new Set(texts).size).toBe(200);
  expect(new Set(texts.map((text) => text.split('_')[2]).join('')).size).toBe(32);
});

test('a key with any one character changed is not a key', () => {
  const { text } = mintApiKey();
  for (let i = 0; i < text.length; i++) {
    const other = text.charAt(i) === 'a' ? 'b' : 'a';
    expect(parseApiKey(text.slice(0, i) + other + text.slice(i + 1))).toBeUndefined();
  }
});

test.each(['', 'st_', 'st_a_b_c', ' ', 'st_abcdefghijkl__00000000'])('%j is not a key', (text) => {
  expect(parseApiKey(text)).toBeUndefined();
});

test('white space, upper case or more of anything makes it no key', () => {
  const { text } = mintApiKey();
  for (const wrong of [` ${text}`, `${text}\n`, text.toUpperCase(), `${text}0`, `${text}_x`])
    expect(parseApiKey(wrong)).toBeUndefined();
});
