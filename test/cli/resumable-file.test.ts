import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
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
