import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bucketsOf, stepFor } from '../../src/console/chart/buckets.ts';
import { rowWindow, scrollToShow } from '../../src/console/list/virtual-window.ts';

const viewports = fc.record({
  scrollTop: fc.integer({ min: 0, max: 3_000_000 }),
  height: fc.integer({ min: 1, max: 3000 }),
  rowHeight: fc.constant(28),
  count: fc.integer({ min: 0, max: 100_000 }),
});

describe('of a long list', () => {
  test('every row that can be seen is in the document, and not many others', () => {
    fc.assert(
      fc.property(viewports, (view) => {
        const { first, end } = rowWindow(view);
        const furthest = Math.max(0, view.count * 28 - view.height);
        const top = Math.min(view.scrollTop, furthest);
        expect(first).toBeLessThanOrEqual(Math.floor(top / 28));
        expect(end).toBeGreaterThanOrEqual(
          Math.min(view.count, Math.ceil((top + view.height) / 28)),
        );
        expect(end - first).toBeLessThanOrEqual(Math.ceil(view.height / 28) + 26);
      }),
    );
  });

  test('a row is scrolled to only if it is not seen whole', () => {
    const view = { scrollTop: 280, height: 280, rowHeight: 28, count: 100 };
    expect(scrollToShow(12, view)).toBe(280);
    expect(scrollToShow(9, view)).toBe(252);
    expect(scrollToShow(20, view)).toBe(308);
  });
});

describe('a histogram', () => {
  const counted = fc.array(
    fc.record({
      time: fc.integer({ min: 0, max: 10 ** 12 }),
      outcome: fc.constantFrom('success', 'failure', 'denied', 'faulty'),
      count: fc.integer({ min: 1, max: 50 }),
    }),
    { minLength: 1, maxLength: 50 },
  );
  const nowhere = { from: undefined, to: undefined };

  test('loses no event, has no hole, and few bars', () => {
    fc.assert(
      fc.property(counted, (events) => {
        const { step, buckets } = bucketsOf(events, nowhere, 1000);
        const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
        expect(sum(buckets.map(({ total }) => total))).toBe(sum(events.map(({ count }) => count)));
        for (const [i, { start }] of buckets.entries())
          expect(start).toBe((buckets[0]?.start ?? 0) + i * step);
        expect(buckets.length).toBeLessThanOrEqual(74);
      }),
    );
  });

  test('shows the whole of a range, and nothing beyond it', () => {
    const day = 86_400_000;
    const event = { time: 1.5 * day, outcome: 'denied', count: 3 };
    const beyond = { ...event, time: 9 * day };
    const { step, buckets } = bucketsOf([event, beyond], { from: day, to: 3 * day }, 3_600_000);
    expect([step, buckets.length, buckets[0]?.start]).toEqual([3_600_000, 48, day]);
    expect(buckets[12]).toEqual({
      start: 1.5 * day,
      counts: { success: 0, failure: 0, denied: 3, faulty: 0 },
      total: 3,
    });
  });

  test('has no bar finer than what was counted', () => {
    expect(stepFor(7_200_000, 3_600_000, 72)).toBe(3_600_000);
    expect(stepFor(3_600_000, 1000, 72)).toBe(60_000);
    expect(stepFor(100 * 364 * 86_400_000, 1000, 72) % 86_400_000).toBe(0);
  });

  test('of nothing has no bars', () => {
    expect(bucketsOf([], nowhere, 1000).buckets).toEqual([]);
  });
});
