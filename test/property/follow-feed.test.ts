import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toTime } from '../../src/domain/encoding.ts';
import type { BatchReader } from '../../src/store/batch-store.ts';
import { feedLagMs, readFeed } from '../../src/store/feed.ts';
import { MemoryStore } from '../fake/memory-store.ts';
import { anyBatch } from '../fixture/stored-batch.ts';

/** Before midnight, so that the feed goes over to another day. */
const start = Date.parse('2026-03-01T23:58:00.000Z');

/** An invocation stamps its feed item, and the item appears later, though less than the lag. */
const write = fc.record({
  kind: fc.constant('write' as const),
  stamp: fc.integer({ min: 0, max: 240 }).map((s) => start + s * 1000),
  delay: fc.oneof(fc.constantFrom(0, feedLagMs - 1), fc.integer({ min: 0, max: feedLagMs - 1 })),
  shards: fc.uniqueArray(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }),
});
const poll = fc.record({
  kind: fc.constant('poll' as const),
  at: fc.integer({ min: 0, max: 300_000 }).map((ms) => start + ms),
  limit: fc.integer({ min: 1, max: 4 }),
});

test('a follower misses no batch, sees each once, in order, and never what is younger than the lag', async () => {
  let whileWriting = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(write, { minLength: 1, maxLength: 25 }),
      fc.array(poll, { maxLength: 25 }),
      fc.integer({ min: 1, max: 4 }),
      async (writes, polls, pageSize) => {
        const clock = { stamp: 0 };
        const store = new MemoryStore(() => clock.stamp);
        // DynamoDB ends a page at 1 MB, which may be three feed items, whatever the limit.
        const reader: BatchReader = {
          days: (tenant, range) => store.days(tenant, range),
          summaries: (tenant, query) => store.summaries(tenant, query),
          records: (tenant, keys) => store.records(tenant, keys),
          feed: (tenant, query) =>
            store.feed(tenant, { ...query, limit: Math.min(query.limit, pageSize) }),
        };
        const written: string[] = [];
        const seen: { key: string; id: string }[] = [];
        let after = '';

        const follow = async (at: number, limit: number) => {
          const page = await readFeed(reader, { tenant: 'acme', after, limit, now: at });
          for (const { key, entries } of page.items) {
            expect(key < toTime(at - feedLagMs)).toBe(true);
            for (const { id } of entries) seen.push({ key, id });
          }
          expect(page.after >= after).toBe(true);
          after = page.after;
          return page.items.length;
        };

        const steps = [
          ...writes.map((each) => ({ ...each, at: each.stamp + each.delay })),
          ...polls,
        ].sort((a, b) => a.at - b.at);
        for (const [i, step] of steps.entries()) {
          if (step.kind === 'poll') {
            if ((await follow(step.at, step.limit)) > 0) whileWriting++;
            continue;
          }
          clock.stamp = step.stamp;
          const batches = step.shards.map((shard) => anyBatch({ shard }));
          written.push(...batches.map(({ id }) => id));
          await store.appendFeed(batches, `call ${i}`);
        }
        const later = start + 86_400_000;
        for (let at = later, given = 1; given > 0; at++) given = await follow(at, 3);

        expect(seen.map(({ id }) => id).sort()).toEqual(written.sort());
        const keys = seen.map(({ key }) => key);
        expect(keys).toEqual([...keys].sort());
      },
    ),
    { numRuns: 1000 },
  );
  expect(whileWriting).toBeGreaterThan(1000);
});
