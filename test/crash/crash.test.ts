import { expect, test } from 'vitest';
import { runCrash } from './run-crash.ts';

const firstSeeds = [1, 2, 3, 4, 5];

test('killed five times over, without power, behind a failing door: nothing acknowledged is lost, nothing is twice', async () => {
  const report = await runCrash({ seeds: firstSeeds });
  expect(report.violations).toEqual([]);
  expect(report).toMatchObject({ seeds: 5, lost: 0, duplicateRows: 0 });
  expect(report.acknowledged).toBeGreaterThan(50);
  expect(report.stored).toBeGreaterThanOrEqual(report.acknowledged);
  expect(report.powerLosses).toBeGreaterThan(2);
}, 240_000);

test.each([
  ['ack-before-fsync', 'acknowledged-is-stored'],
  ['new-batch-id', 'event-is-in-one-row'],
  ['retry-all', 'only-failures-are-retried'],
] as const)(
  'the planted error %s is caught by %s',
  async (plant, check) => {
    const { violations } = await runCrash({ seeds: firstSeeds, plant });
    expect(violations.map((violation) => violation.check)).toContain(check);
  },
  240_000,
);
