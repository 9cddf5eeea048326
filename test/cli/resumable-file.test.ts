import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openResumable } from '../../src/cli/export/resumable-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'sealtrail-resumable-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const state = {
  v: 1 as const,
  question: 'q',
  began: 5,
  events: 1,
  holes: 0,
  batches: 0,
  grants: [],
};

test('broken off before its first page it begins again, with the time when it began', async () => {
  const file = join(folder, 'first');
  const broken = await openResumable(file, 'q', 5);
  expect([broken.state.began, broken.state.next]).toEqual([5, undefined]);
  await broken.close();
  // Half a page, of which no state tells.
  writeFileSync(file, 'half');
  const again = await openResumable(file, 'q', 9);
  expect([again.state.began, again.state.next]).toEqual([5, undefined]);
  await again.append(Buffer.from('one\n'), { ...state, next: '/second' });
  await again.close();
  const later = await openResumable(file, 'q', 9);
  expect(later.state).toMatchObject({ next: '/second', bytes: 4 });
  await later.finish(Buffer.from('two\n'));
  await later.close();
  expect(readFileSync(file, 'utf8')).toBe('one\ntwo\n');
  expect(existsSync(`${file}.state`)).toBe(false);
});

test('broken off between its state and its file it begins again too', async () => {
  const file = join(folder, 'between');
  await (await openResumable(file, 'q', 5)).close();
  await rm(file);
  const again = await openResumable(file, 'q', 9);
  expect(again.state.began).toBe(5);
  await again.close();
});

test('a file of somebody else’s is left alone, and no state beside it', async () => {
  const file = join(folder, 'other');
  writeFileSync(file, 'mine');
  await expect(openResumable(file, 'q', 5)).rejects.toThrow('is there already');
  expect([readFileSync(file, 'utf8'), existsSync(`${file}.state`)]).toEqual(['mine', false]);
});

test('the file and its state are for their owner only', async () => {
  const file = join(folder, 'private');
  const before = process.umask(0);
  try {
    const open = await openResumable(file, 'q', 5);
    await open.append(Buffer.from('one\n'), { ...state, next: '/second' });
    await open.close();
  } finally {
    process.umask(before);
  }
  for (const path of [file, `${file}.state`]) expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('nothing is written through a symbolic link', async () => {
  const precious = join(folder, 'precious');
  writeFileSync(precious, '');
  const intact = () => expect(readFileSync(precious, 'utf8')).toBe('');

  symlinkSync(precious, join(folder, 'link'));
  const link = openResumable(join(folder, 'link'), 'q', 5);
  await expect(link).rejects.toThrow('is a symbolic link: name the file itself');
  intact();

  const file = join(folder, 'linked');
  symlinkSync(precious, `${file}.state.new`);
  const open = await openResumable(file, 'q', 5);
  await open.append(Buffer.from('one\n'), { ...state, next: '/second' });
  await open.close();
  intact();

  symlinkSync(precious, join(folder, 'read.state'));
  const read = openResumable(join(folder, 'read'), 'q', 5);
  await expect(read).rejects.toThrow('read.state is a symbolic link: remove it');
  expect(readlinkSync(join(folder, 'read.state'))).toBe(precious);
});

test.each(['.evil.example/', '@evil.example/', ':8080/', 'https://evil.example/'])(
  'a state that goes on at %s is refused',
  async (next) => {
    const file = join(folder, 'forged');
    writeFileSync(`${file}.state`, JSON.stringify({ ...state, bytes: 0, next }));
    await expect(openResumable(file, 'q', 5)).rejects.toThrow('is not the state of an export');
  },
);

test('two at once into one file: the second is told, and leaves the first alone', async () => {
  const file = join(folder, 'shared');
  const first = await openResumable(file, 'q', 5);
  await expect(openResumable(file, 'q', 5)).rejects.toThrow(`another export writes ${file}`);
  await first.append(Buffer.from('one\n'), { ...state, next: '/second' });
  await first.close();
  const locks = () => readdirSync(folder).filter((name) => name.includes('.lock-'));
  expect(locks()).toEqual([]);
  // What a process left that was killed; this one's id too, as the first process of a container has it again.
  const [host] = await namesOfLocks(file);
  for (const pid of [process.pid, 2 ** 22 + 1])
    writeFileSync(`${file}.lock-${host}-${pid}-0123456789abcdef`, '');
  const again = await openResumable(file, 'q', 5);
  expect(locks()).toHaveLength(1);
  await again.close();
  // Whether a process on another host lives cannot be seen.
  const elsewhere = `${file}.lock-0123456789abcdef-1-0123456789abcdef`;
  writeFileSync(elsewhere, '');
  await expect(openResumable(file, 'q', 5)).rejects.toThrow(`If none runs, remove ${elsewhere}`);
});

/** How this host is named in locks. */
async function namesOfLocks(file: string): Promise<string[]> {
  const open = await openResumable(file, 'q', 5);
  const names = readdirSync(folder).flatMap((name) => /lock-([0-9a-f]{16})-/.exec(name)?.[1] ?? []);
  await open.close();
  return names;
}
