import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readerOf } from '../fixture/reader.ts';

const folder = mkdtempSync(join(tmpdir(), 'sealtrail-profile-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const file = join(folder, 'profiles.json');
const bundle = join(folder, 'empty');
writeFileSync(bundle, '');

/** What is said of the file when a command reads the profile `prod`. */
async function noteOn(profile: object, mode: number): Promise<boolean> {
  writeFileSync(file, JSON.stringify({ prod: profile }));
  chmodSync(file, mode);
  const words = ['verify', bundle, '--profile', 'prod'];
  const { stderr } = await readerOf('http://127.0.0.1:9', 'st_x').run(words, {
    env: { SEALTRAIL_PROFILES: file },
  });
  return stderr.includes(`${file} holds keys, and others can read it: chmod 600 ${file}`);
}

test('a file of keys that others can read is told of, with what to do', async () => {
  const withKey = { url: 'https://audit.example.com', apiKey: 'st_k' };
  expect(await noteOn(withKey, 0o644)).toBe(true);
  expect(await noteOn(withKey, 0o640)).toBe(true);
  expect(await noteOn(withKey, 0o600)).toBe(false);
  expect(await noteOn({ url: 'https://audit.example.com' }, 0o644)).toBe(false);
});
