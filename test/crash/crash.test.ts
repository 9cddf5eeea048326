import { expect, test } from 'vitest';
import { runCrash } from './run-crash.ts';

// A few seeds, for the time they take: `npm run crash` runs 200.
test('killed again and again, without power, behind a failing door: nothing acknowledged is lost, nothing is twice', async () => {
  const report = await runCrash({ seeds: [4, 20, 25] });
  expect(report.violations).toEqual([]);
  expect(report).toMatchObject({ seeds: 3, lost: 0, duplicateRows: 0 });
  expect(report.acknowledged).toBeGreaterThan(50);
  expect(report.stored).toBeGreaterThanOrEqual(report.acknowledged);
  expect(report.powerLosses).toBeGreaterThan(2);
}, 240_000);

/** First the seeds that are known to catch it: the others are run only if timing lets all of those off. */
test.each([
  ['ack-before-fsync', 'acknowledged-is-stored', [6, 3, 11, 1, 2, 12]],
  ['new-batch-id', 'event-is-in-one-row', [7, 1, 2, 12, 3, 4]],
  ['retry-all', 'only-failures-are-retried', [7, 12, 11, 3, 5, 10]],
  ['cut-at-damage', 'acknowledged-is-stored', [4, 18, 24, 2]],
  ['wall-clock', 'time-is-right', [13, 9, 25, 4]],
  ['any-tenant', 'nothing-for-another-tenant', [31, 30, 5, 20, 37]],
  ['waits-without-bound', 'ends-by-itself', [2, 3, 5]],
] as const)(
  'the planted error %s is caught by %s',
  async (plant, check, seeds) => {
    const { violations } = await runCrash({ seeds, plant, until: check, parallel: 2 });
    expect(violations.map((violation) => violation.check)).toContain(check);
  },
  240_000,
);
