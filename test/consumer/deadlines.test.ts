import { expect, test } from 'vitest';
import { deadlines } from '../../src/consumer/deadlines.ts';

test.each([59_999, 59_998.4, 10_003, 10_000, 9_999, 0, -5])(
  'of %d ms that are left, times come that a timer takes, and checking ends before storing does',
  (remaining) => {
    const { signalMs, checkingMs } = deadlines(remaining);
    for (const ms of [signalMs, checkingMs]) {
      expect(() => AbortSignal.timeout(ms)).not.toThrow();
      expect(ms).toBeGreaterThanOrEqual(1);
    }
    expect(checkingMs).toBeLessThanOrEqual(signalMs);
    expect(signalMs).toBeLessThanOrEqual(Math.max(remaining - 10_000, 1));
  },
);

test('storing has two fifths of the time', () => {
  expect(deadlines(60_000)).toEqual({ signalMs: 50_000, checkingMs: 30_000 });
});
