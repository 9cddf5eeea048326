import { createPublicKey } from 'node:crypto';
import { compactVerify } from 'jose';
import { expect, test } from 'vitest';
import { generateKey } from '../../src/domain/ed25519.ts';
import { parseJws, signJws, verifyJws } from '../../src/domain/jws.ts';

const { privateKey } = generateKey();
const publicKey = createPublicKey(privateKey);
const header = '{"alg":"EdDSA","kid":"ü"}';
const payload = '{"v":1,"text":"a payload whose length leaves bits unused"}';
const compact = signJws(header, payload, privateKey);

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

function holds(text: string): boolean {
  const jws = parseJws(text);
  return jws !== undefined && verifyJws(jws, publicKey);
}

test('a JWS is read back, its signature holds, and a JOSE library agrees', async () => {
  expect(parseJws(compact)).toMatchObject({ header, payload });
  expect(holds(compact)).toBe(true);
  const verified = await compactVerify(compact, publicKey);
  expect(new TextDecoder().decode(verified.payload)).toBe(payload);
});

test('no one character of a JWS can be another one', () => {
  let tried = 0;
  for (let i = 0; i < compact.length; i++)
    for (const other of `${alphabet}.=+/ \n`) {
      if (other === compact.charAt(i)) continue;
      tried++;
      const changed = compact.slice(0, i) + other + compact.slice(i + 1);
      if (holds(changed)) expect.fail(`character ${i} may be ${JSON.stringify(other)}`);
    }
  expect(tried).toBe(compact.length * 69);
});

test('no character can be left out of a JWS or put into it', () => {
  for (let i = 0; i <= compact.length; i++) {
    if (i < compact.length) expect(holds(compact.slice(0, i) + compact.slice(i + 1))).toBe(false);
    for (const more of ['A', '.', '=', '\n', ' ', '_'])
      expect(holds(compact.slice(0, i) + more + compact.slice(i))).toBe(false);
  }
});

test('the unused bits of a segment’s last character must be zero', () => {
  const [head = '', body = '', signature = ''] = compact.split('.');
  const decodes = (a: string, b: string) =>
    Buffer.from(a, 'base64url').equals(Buffer.from(b, 'base64url'));
  let lax = 0;
  for (const [i, segment] of [head, body, signature].entries())
    for (const last of alphabet) {
      const other = segment.slice(0, -1) + last;
      if (other === segment || !decodes(other, segment)) continue;
      lax++;
      const parts = [head, body, signature];
      parts[i] = other;
      expect(parseJws(parts.join('.'))).toBeUndefined();
    }
  expect(lax).toBeGreaterThan(15); // 15 others of a signature, and some of the other segments
});

test.each([
  '',
  '.',
  '..',
  `.${compact}`,
  `${compact}.`,
  `${compact}.x`,
  ` ${compact}`,
  `${compact}\n`,
])('%j is no JWS', (text) => {
  expect(parseJws(text)).toBeUndefined();
});
