import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseOptions } from '../../src/client/options.ts';
import { apiKey, url } from '../fake/token-service.ts';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const readme = read('../../src/client/README.md');

test('the example in the README is the one that is compiled here', () => {
  const example = read('example.ts').replace('../../src/client/index.ts', 'sealtrail');
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``);
});

const examples = globSync('example/*.ts', { cwd: new URL('.', import.meta.url) });

test.each(examples)('%s is in the README as it is compiled and run here', (path) => {
  const example = read(path)
    .replaceAll('../../../src/client/index.ts', 'sealtrail')
    .replaceAll(/\.\.\/\.\.\/\.\.\/src\/client\/([a-z]+)\.ts/g, 'sealtrail/$1');
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``);
});

test('the README has no other examples', () => {
  expect(examples.length).toBeGreaterThan(9);
  expect(readme.match(/^```ts$/gm)).toHaveLength(examples.length + 1);
});

test('the README lists every option, with its default', () => {
  const rows = [...readme.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)];
  const listed = Object.fromEntries(rows.map(([, name, value]) => [name, value?.trim()]));
  const defaults = parseOptions({ url, apiKey, sessionSeconds: 900 });
  expect(Object.keys(listed).sort()).toEqual(Object.keys(defaults).sort());
  for (const [name, value] of Object.entries(defaults)) {
    if (['url', 'apiKey'].includes(name)) expect(listed[name]).toBe('required');
    else if (name === 'sessionSeconds') expect(listed[name]).toBe('the service’s');
    else expect(listed[name]).toBe(typeof value === 'number' ? String(value) : `\`${value}\``);
  }
});

test('the README lists every option of the spool, with its default', () => {
  const rows = [...readme.matchAll(/^\| `spool\.(\w+)` \| ([^|]+) \|/gm)];
  const listed = Object.fromEntries(rows.map(([, name, value]) => [name, value?.trim()]));
  const { spool } = parseOptions({ url, apiKey, spool: { dir: 'd' } });
  expect(listed).toEqual({
    dir: 'none',
    maxBytes: String(spool?.maxBytes),
    keepUntil: `\`${spool?.keepUntil}\``,
  });
});
