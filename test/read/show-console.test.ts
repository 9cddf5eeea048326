import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { buildConsole } from '../../src/local/build-console.ts';
import { showConsole } from '../../src/read/show-console.ts';

const page = await buildConsole();
const request = (headers: Record<string, string> = {}) => ({
  route: 'GET /',
  method: 'GET',
  path: '/',
  params: {},
  query: new URLSearchParams(),
  headers,
  body: Buffer.alloc(0),
  domain: 'audit.example',
});
const inline = (tag: string) =>
  new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(page.html)?.[1] ?? '';
const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

test('the page allows its own script and style, by their hashes, and nothing else', async () => {
  const { status, headers = {} } = await showConsole(page, [])(request());
  const policy = headers['content-security-policy'] ?? '';
  expect(status).toBe(200);
  expect(policy).toContain(`script-src ${hash(inline('script'))};`);
  expect(policy).toContain(`style-src ${hash(inline('style'))};`);
  expect(policy).not.toMatch(/unsafe|https?:|\*/);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(headers).toMatchObject({ 'referrer-policy': 'no-referrer' });
});

test('it is all of one piece: nothing in it is fetched from anywhere', () => {
  expect(page.html).not.toMatch(/<link[^>]+href="(?!data:)/);
  expect(page.html).not.toMatch(/\ssrc=/);
  expect(inline('style')).not.toMatch(/url\(|@import/);
  expect(Buffer.byteLength(page.html)).toBeLessThan(150_000);
});

test('only origins that the settings name may frame it', async () => {
  const { headers = {} } = await showConsole(page, ['https://app.example'])(request());
  expect(headers['content-security-policy']).toContain('frame-ancestors https://app.example;');
});

test('who has it already is told so', async () => {
  const operation = showConsole(page, []);
  const { headers = {} } = await operation(request());
  const again = await operation(request({ 'if-none-match': headers['etag'] ?? '' }));
  expect([again.status, again.body]).toEqual([304, '']);
});
