import { expect, test } from 'vitest';
import { followPage } from '../../src/auditor/follow-page.ts';
import { inLanes } from '../../src/auditor/in-lanes.ts';
import { uuidSource } from '../../src/domain/uuid.ts';
import { MemoryProducers } from '../fake/memory-producers.ts';
import { MemoryStore } from '../fake/memory-store.ts';
import { born } from '../fixture/producer-life.ts';
import { anyBatch } from '../fixture/stored-batch.ts';

const mint = uuidSource();

/** A page with so many producers, and a table that takes so many writes a run before it throttles. */
async function setUp(count: number) {
  let now = born;
  const reader = new MemoryStore(() => now);
  const producers = new MemoryProducers();
  const batches = Array.from({ length: count }, (_, i) =>
    anyBatch({ producer: mint(born + i), seq: 0, prev: null }),
  );
  await reader.appendFeed(batches, 'call');
  now += 3_600_000;
  let writes = 0;
  let mostAtOnce = 0;
  let atOnce = 0;
  const run = (room: number, deadline = Number.POSITIVE_INFINITY) => {
    writes = 0;
    producers.trap = async (what) => {
      if (what === 'read' || what === 'checkpoint') return;
      mostAtOnce = Math.max(mostAtOnce, ++atOnce);
      await Promise.resolve();
      atOnce--;
      if (++writes > room) throw new Error('throttled');
    };
    return followPage({ id: 'acme', retentionDays: 30 }, '', {
      reader,
      producers,
      foundForks() {},
      foundMalformed() {},
      deadline,
      now: () => now,
    }).then(
      ({ kind }) => kind,
      (error: Error) => error.message,
    );
  };
  return { producers, run, writes: () => writes, mostAtOnce: () => mostAtOnce };
}

test('a page of 4,000 producers ends although a run may write 1,000 times: each one gets further', async () => {
  const { producers, run, writes, mostAtOnce } = await setUp(4000);
  const outcomes: string[] = [];
  for (let runs = 0; runs < 12 && outcomes.at(-1) !== 'more'; runs++)
    outcomes.push(await run(1000));
  expect(outcomes.slice(0, -1).every((outcome) => outcome === 'throttled')).toBe(true);
  expect(outcomes.at(-1)).toBe('more');
  expect(outcomes.length).toBeLessThanOrEqual(9);
  expect(producers.rows.size).toBe(4000);
  expect(producers.places.size).toBe(1);
  expect(mostAtOnce()).toBeLessThanOrEqual(32);
  // A page that was followed already writes nothing.
  await run(1000);
  expect(writes()).toBe(0);
});

test('what is not begun in time is left to the next run, and the place in the feed with it', async () => {
  const { producers, run } = await setUp(100);
  expect(await run(1e6, born)).toBe('upToDate');
  expect(producers.places.size).toBe(0);
  expect(await run(1e6)).toBe('more');
  expect(producers.rows.size).toBe(100);
});

test('lanes do all that can be done, give what each gave, and then the first error', async () => {
  const done: number[] = [];
  const work = async (n: number) => {
    if (n % 3 === 0) throw new Error(`no ${n}`);
    done.push(n);
    return n * 2;
  };
  await expect(inLanes([1, 2, 3, 4, 5, 6, 7], 2, work)).rejects.toThrow('no 3');
  expect(done.sort()).toEqual([1, 2, 4, 5, 7]);
  expect(await inLanes([1, 2, 4], 2, work)).toEqual([2, 4, 8]);
  expect(await inLanes([], 2, work)).toEqual([]);
});
