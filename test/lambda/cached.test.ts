import { expect, test } from 'vitest';
import { cached } from '../../src/lambda/cached.ts';

test('what was found is given again until it is stale; what was not is asked for again', async () => {
  let now = 0;
  const asked: string[] = [];
  const find = cached(
    async (key: string) => {
      asked.push(key);
      return key === 'there' ? now : undefined;
    },
    { freshMs: 10, maxEntries: 2, now: () => now },
  );
  expect(await find('there')).toBe(0);
  now = 9;
  expect(await find('there')).toBe(0);
  now = 10;
  expect(await find('there')).toBe(10);
  expect(await find('absent')).toBeUndefined();
  expect(await find('absent')).toBeUndefined();
  expect(asked).toEqual(['there', 'there', 'absent', 'absent']);
});

test('no more than its bound is kept: the oldest goes first', async () => {
  const asked: string[] = [];
  const find = cached(
    async (key: string) => {
      asked.push(key);
      return key;
    },
    { freshMs: 10, maxEntries: 2, now: () => 0 },
  );
  for (const key of ['a', 'b', 'c', 'b', 'c', 'a']) await find(key);
  expect(asked).toEqual(['a', 'b', 'c', 'a']);
});
