import { execFile } from 'node:child_process';
import { mkdtempSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { buildCli } from '../../src/local/build-cli.ts';

const exec = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'sealtrail-bundled-'));
const tool = join(folder, 'sealtrail.mjs');

let bash: string;
beforeAll(async () => {
  await buildCli(tool);
  bash = await ran('completion', 'bash');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const ran = async (...words: string[]) => (await exec(process.execPath, [tool, ...words])).stdout;

/** What bash offers for the last of these words. */
async function completed(...words: string[]): Promise<string[]> {
  const script = `${bash}
    COMP_WORDS=(sealtrail ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
    _sealtrail; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return (await exec('bash', ['-c', script])).stdout.split('\n').filter((word) => word !== '');
}

test('the bundled tool is one file that runs with nothing beside it, and calls itself by its name', async () => {
  expect(statSync(tool).mode & 0o111).toBe(0o111);
  const help = await ran('--help');
  expect(help).toContain('Usage: sealtrail COMMAND');
  for (const { name } of commands) expect(help).toContain(`  ${name}`);
  expect(await ran('verify', '--help')).toContain('  sealtrail verify proof.json --issuer');
});

test('bash completes commands, the commands of a group, and options', async () => {
  expect(await completed('ex')).toEqual(['export']);
  expect((await completed('')).sort()).toEqual(
    [...new Set([...commands.map(({ name }) => name.split(' ')[0]), '--help'])].sort(),
  );
  expect(await completed('dlq', 're')).toEqual(['redrive']);
  expect(await completed('verify', 'x', '--iss')).toEqual(['--issuer']);
  expect((await completed('producers', '')).slice(0, 2)).toEqual(['acknowledge', '--broken']);
  expect(await completed('producers', 'acknowledge', '--w')).toEqual(['--why']);
  expect(await completed('keys', 'create', '--sc')).toEqual(['--scopes']);
});

test.each(['zsh', 'fish'])('%s is given every command and option', async (shell) => {
  const script = await ran('completion', shell);
  for (const { name, options } of commands) {
    for (const word of name.split(' ')) expect(script).toContain(word);
    for (const option of Object.keys(options)) expect(script).toContain(option);
  }
});
