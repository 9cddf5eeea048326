import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createSchedules } from '../../src/local/schedule.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('a rule runs once a period, the first time a period from the start, until all are closed', () => {
  const run = vi.fn();
  const schedules = createSchedules();
  schedules.put('rule', 60, run);
  vi.advanceTimersByTime(300_000);
  expect(run).not.toHaveBeenCalled();
  schedules.start();
  vi.advanceTimersByTime(59_999);
  expect(run).not.toHaveBeenCalled();
  vi.advanceTimersByTime(120_001);
  expect(run).toHaveBeenCalledTimes(3);
  schedules.close();
  vi.advanceTimersByTime(300_000);
  expect(run).toHaveBeenCalledTimes(3);
});

test('a rule of the same name takes the place of the one before, and one that is removed runs no more', () => {
  const [before, after] = [vi.fn(), vi.fn()];
  const schedules = createSchedules();
  schedules.put('rule', 60, before);
  schedules.start();
  schedules.put('rule', 30, after);
  vi.advanceTimersByTime(60_000);
  expect(before).not.toHaveBeenCalled();
  expect(after).toHaveBeenCalledTimes(2);
  schedules.remove('rule');
  vi.advanceTimersByTime(60_000);
  expect(after).toHaveBeenCalledTimes(2);
});

test('keeps no process running', () => {
  vi.useRealTimers();
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const schedules = createSchedules();
  schedules.put('rule', 60, () => {});
  schedules.start();
  expect(timers()).toBe(before);
  schedules.close();
});
