import { expect, test } from 'vitest';
import { createBuckets } from '../../src/local/http-api/throttle.ts';

test('a burst passes at once, then the rate, and a rest fills no more than the burst', () => {
  let now = 0;
  const passes = createBuckets({ rate: 2, burst: 3 }, {}, () => now);
  const count = (requests: number) =>
    Array.from({ length: requests }, () => passes('GET /')).filter(Boolean).length;
  expect(count(10)).toBe(3);
  now += 1000;
  expect(count(10)).toBe(2);
  now += 3_600_000;
  expect(count(10)).toBe(3);
});

test('one route takes nothing from another', () => {
  const passes = createBuckets({ rate: 1, burst: 1 }, {}, () => 0);
  expect([passes('GET /a'), passes('GET /a'), passes('GET /b')]).toEqual([true, false, true]);
});

test('a route may have a throttle of its own; without any all passes', () => {
  const own = { 'GET /a': { rate: 1, burst: 2 } };
  const count = (passes: ReturnType<typeof createBuckets>, route: string) =>
    Array.from({ length: 9 }, () => passes(route)).filter(Boolean).length;
  const both = createBuckets({ rate: 1, burst: 4 }, own, () => 0);
  expect([count(both, 'GET /a'), count(both, 'GET /b')]).toEqual([2, 4]);
  const one = createBuckets(undefined, own, () => 0);
  expect([count(one, 'GET /a'), count(one, 'GET /b')]).toEqual([2, 9]);
});
