import { expect, test } from 'vitest';
import { toTime } from '../../src/domain/encoding.ts';
import { pageBudget } from '../../src/read/list-events.ts';
import { type Budget, type EventPage, pageEvents } from '../../src/read/page-events.ts';
import type { Position } from '../../src/read/position.ts';
import { bloomOf } from '../../src/store/terms.ts';
import { MemoryStore } from '../fake/memory-store.ts';
import { anyBatch } from '../fixture/stored-batch.ts';

const dayMs = 86_400_000;
const end = Date.parse('2026-03-01T12:00:00.000Z');
const days = 365;
const perDay = 4;

/** A year of batches, none of which can hold what is looked for; their bodies are not even records. */
async function year() {
  const store = new MemoryStore();
  const terms = bloomOf(new Set(['actor:somebody', 'action:invoice.refunded', 'outcome:success']));
  const batches = Array.from({ length: days * perDay }, (_, i) =>
    anyBatch({ to: toTime(end - (i * dayMs) / perDay), terms, shard: i % 2 }),
  );
  await store.insert(batches);
  return store;
}

async function walk(store: MemoryStore, budget: Omit<Budget, 'deadline'>, order: 'asc' | 'desc') {
  const pages: { events: number; queries: number }[] = [];
  for (let position: Position | undefined = {}; position !== undefined; ) {
    store.queries = 0;
    const page: EventPage = await pageEvents(
      {
        tenant: 'acme',
        from: 0,
        to: end + 1,
        order,
        filter: [['actor:nobody']],
        limit: 100,
        position,
      },
      {
        reader: store,
        grants: async () => new Map(),
        budget: { ...budget, deadline: Number.POSITIVE_INFINITY },
        now: () => end,
      },
    );
    pages.push({ events: page.events.length, queries: store.queries });
    position = page.next;
    if (pages.length > 5000) throw new Error('the pages do not come to an end');
  }
  return pages;
}

test.each(['asc', 'desc'] as const)(
  'a filter that matches nothing over a year takes bounded work a page, and ends (%s)',
  async (order) => {
    const store = await year();
    const pages = await walk(store, { ...pageBudget(end), summaries: 500 }, order);
    // A query counts as ten summaries, and both shards of a day are asked at once.
    expect(Math.max(...pages.map(({ queries }) => queries))).toBeLessThanOrEqual(52);
    expect(pages.length).toBeGreaterThan(10);
    expect(pages.length).toBeLessThan(40);
    expect(pages.every(({ events }) => events === 0)).toBe(true);
    const queries = pages.reduce((sum, page) => sum + page.queries, 0);
    // Each day is asked for about once: pages do not begin again.
    expect(queries).toBeLessThan(2 * (days + 1) + 2 * pages.length + 10);
  },
);

test('with the smallest budget each page still gets further', async () => {
  const store = await year();
  const pages = await walk(store, { summaries: 1, bytes: 1, answerBytes: 1 }, 'desc');
  expect(pages.length).toBeLessThan(days * 2);
  expect(Math.max(...pages.map(({ queries }) => queries))).toBeLessThanOrEqual(4);
});

test('a page that has no time left stops', async () => {
  const store = await year();
  let clock = end;
  const page = await pageEvents(
    {
      tenant: 'acme',
      from: 0,
      to: end,
      order: 'desc',
      filter: [['actor:nobody']],
      limit: 1,
      position: {},
    },
    {
      reader: store,
      grants: async () => new Map(),
      budget: pageBudget(end),
      now: () => (clock += 100), // each look at the clock takes a tenth of a second
    },
  );
  expect(page.events).toEqual([]);
  expect(page.next).toBeDefined();
  expect(store.queries).toBeLessThan(100);
});

test('days without batches cost nothing', async () => {
  const store = new MemoryStore();
  for (const day of ['1999-01-01', '2026-02-28'])
    await store.insert([anyBatch({ to: `${day}T00:00:00.000Z`, terms: undefined })]);
  expect(await walk(store, pageBudget(end), 'asc')).toEqual([{ events: 0, queries: 2 }]);
});
