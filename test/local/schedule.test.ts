import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createSchedule } from '../../src/local/schedule.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('runs once a period, the first time a period from now, until it is closed', () => {
  const run = vi.fn();
  const schedule = createSchedule(60, run);
  vi.advanceTimersByTime(300_000);
  expect(run).not.toHaveBeenCalled();
  schedule.start();
  vi.advanceTimersByTime(59_999);
  expect(run).not.toHaveBeenCalled();
  vi.advanceTimersByTime(120_001);
  expect(run).toHaveBeenCalledTimes(3);
  schedule.close();
  vi.advanceTimersByTime(300_000);
  expect(run).toHaveBeenCalledTimes(3);
});

test('keeps no process running', () => {
  vi.useRealTimers();
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const schedule = createSchedule(60, () => {});
  schedule.start();
  expect(timers()).toBe(before);
  schedule.close();
});
