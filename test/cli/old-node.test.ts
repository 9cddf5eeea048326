import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildCli } from '../../src/local/build-cli.ts';
import { oldestNode, tooOldNode } from '../fixture/other-node.ts';
import { bundleFile } from '../vector/files.ts';
import { fromParts } from '../vector/parts.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sealtrail-tool-'));
const tool = join(folder, 'sealtrail.mjs');
const bundle = join(folder, 'intact.bundle');

beforeAll(async () => {
  const cases = bundleFile().groups.flatMap((group) => group.cases);
  const vector = cases.find(({ name }) => name === 'intact-two-producers');
  if (vector === undefined) throw new Error('there is no such vector');
  writeFileSync(bundle, fromParts(vector.input));
  await buildCli(tool);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The bundled tool, verifying a bundle that is intact but for the issuer, whom nobody pins. */
const verify = ([node = '', ...options]: readonly string[]) =>
  spawnSync(node, [...options, tool, 'verify', bundle], { encoding: 'utf8' });

test('the bundled tool runs on the oldest Node that is promised', () => {
  const { status, stdout, stderr } = verify([oldestNode]);
  expect([status, stderr]).toEqual([3, expect.stringContaining('No issuer is pinned')]);
  expect(stdout).toContain(' 0 forged');
});

test.each([
  [[process.execPath, '--require', join(root, 'test/fixture/without-zstd.cjs')]],
  ...(tooOldNode === undefined ? [] : [[[tooOldNode]]]),
])(
  'without zstd it calls nothing forged: it says which Node it needs, by an exit code of its own',
  (words) => {
    const { status, stdout, stderr } = verify(words);
    expect([status, stdout]).toEqual([4, '']);
    expect(stderr).toMatch(/^sealtrail: this is Node v[\d.]+, and 22\.15 or newer is needed/);
  },
);
