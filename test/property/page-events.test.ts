import fc from 'fast-check';
import { expect, test } from 'vitest';
import { leafHash } from '../../src/domain/merkle.ts';
import { timeOfUuid, uuidV7 } from '../../src/domain/uuid.ts';
import { type EventPage, pageEvents } from '../../src/read/page-events.ts';
import type { Position } from '../../src/read/position.ts';
import type { StoredBatch } from '../../src/store/batch-store.ts';
import { MemoryStore } from '../fake/memory-store.ts';
import { signer } from '../fixture/batches.ts';
import { event, line } from '../fixture/events.ts';
import { grantFor, storedBatch } from '../fixture/stored.ts';

/** A minute before midnight: batches lie on both days. */
const start = Date.parse('2026-03-01T23:59:00.000Z');
const who = signer();

type Spec = {
  at: number;
  events: { offset: number; twin: number; other: boolean }[];
  late: boolean;
};

/** Few milliseconds and few ids, so that batches overlap, share milliseconds, and repeat events. */
const batchSpec: fc.Arbitrary<Spec> = fc.record({
  at: fc.integer({ min: 0, max: 120_000 }).map((ms) => Math.floor(ms / 7_500) * 7_500),
  events: fc.array(
    fc.record({
      offset: fc.oneof(
        fc.constantFrom(0, 1, 7_500, 59_999, 60_000),
        fc.integer({ min: 0, max: 60_000 }),
      ),
      twin: fc.integer({ min: 0, max: 3 }),
      other: fc.boolean(),
    }),
    { minLength: 1, maxLength: 8 },
  ),
  late: fc.boolean(),
});

function lineOf(ms: number, twin: number, other: boolean): Buffer {
  const id = uuidV7(
    ms,
    Uint8Array.from({ length: 10 }, () => twin),
  );
  return line(event(ms, { id, action: other ? 'other.content' : 'invoice.refunded' }));
}

function build(
  specs: readonly Spec[],
  shards: number,
): { batch: StoredBatch; late: boolean; keys: string[] }[] {
  const grant = grantFor(who, { shards });
  return specs.map((spec, seq) => {
    const lines = spec.events.map(({ offset, twin, other }) =>
      lineOf(start + spec.at + offset, twin, other),
    );
    const batch = storedBatch(lines, { who, grant, seq, prev: seq === 0 ? null : 'A'.repeat(43) });
    return { batch, late: spec.late, keys: lines.map(keyOf) };
  });
}

/** An event's place: its id, then the hash of its line. */
function keyOf(bytes: Buffer): string {
  return `${JSON.parse(bytes.toString()).id} ${leafHash(bytes).toString('base64url')}`;
}

interface Walk {
  order: 'asc' | 'desc';
  limit: number;
  bytes: number;
  answerBytes: number;
  summaries: number;
  pageSize: number;
  from?: number;
  to?: number;
}

async function walk(
  store: MemoryStore,
  options: Walk,
  between: () => Promise<void>,
): Promise<EventPage[]> {
  const pages: EventPage[] = [];
  let position: Position | undefined = {};
  while (position !== undefined) {
    const page: EventPage = await pageEvents(
      {
        tenant: 'acme',
        from: options.from ?? 0,
        to: options.to ?? start + 3_600_000,
        order: options.order,
        filter: [],
        limit: options.limit,
        position,
      },
      {
        reader: store,
        grants: async () => new Map([[who.grantId, grantFor(who)]]),
        budget: { ...options, deadline: Number.POSITIVE_INFINITY },
        now: () => start,
        pageSize: options.pageSize,
      },
    );
    pages.push(page);
    position = page.next;
    if (pages.length > 2000) throw new Error('the pages do not come to an end');
    await between();
  }
  return pages;
}

const walkOptions = fc.record({
  order: fc.constantFrom('asc' as const, 'desc' as const),
  limit: fc.integer({ min: 1, max: 30 }),
  bytes: fc.constantFrom(1, 3_000, 10_000, 1_000_000),
  answerBytes: fc.constantFrom(1, 1_000, 1_000_000),
  summaries: fc.constantFrom(1, 30, 10_000),
  pageSize: fc.constantFrom(1, 2, 200),
  from: fc.constantFrom(0, start, start + 7_500, start + 61_000),
  to: fc.constantFrom(start + 1, start + 7_500, start + 67_500, start + 3_600_000),
});

test('pages give exactly the events, each once, in exact order, for any page size and budget', async () => {
  let exact = 0;
  let partial = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(batchSpec, { minLength: 1, maxLength: 14 }),
      fc.constantFrom(1, 3),
      walkOptions,
      async (specs, shards, options) => {
        const built = build(specs, shards);
        const store = new MemoryStore();
        const early = built.filter(({ late }) => !late);
        const late = built.filter((entry) => entry.late);
        await store.insert(early.map(({ batch }) => batch));
        const pages = await walk(store, options, async () => {
          const next = late.pop();
          if (next !== undefined) await store.insert([next.batch]);
        });

        const given = pages.flatMap((page) => page.events.map(({ id, hash }) => `${id} ${hash}`));
        const sign = options.order === 'asc' ? 1 : -1;
        const inRange = (key: string) =>
          timeOfUuid(key) >= options.from && timeOfUuid(key) < options.to;
        const sorted = (keys: string[]) => keys.sort((a, b) => sign * (a < b ? -1 : a > b ? 1 : 0));
        const expected = sorted([...new Set(early.flatMap(({ keys }) => keys.filter(inRange)))]);
        const isExact = pages.every((page) => page.order === 'exact');
        const wanted = new Set(expected);
        const ofThese = given.filter((key) => wanted.has(key));
        if (isExact) {
          exact++;
          expect(ofThese).toEqual(expected);
          expect(given).toEqual(sorted([...new Set(given)]));
        } else {
          partial++;
          expect(sorted([...new Set(ofThese)])).toEqual(expected);
          const copies = built.flatMap(({ keys }) => keys);
          for (const key of wanted) {
            const times = given.filter((other) => other === key).length;
            expect(times).toBeLessThanOrEqual(copies.filter((other) => other === key).length);
          }
        }
      },
    ),
    { numRuns: 1000 },
  );
  // Both must have been exercised, or the property says little.
  expect(exact).toBeGreaterThan(300);
  expect(partial).toBeGreaterThan(100);
});

test('with a budget that reaches over the overlap, no page is partial', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(batchSpec, { minLength: 1, maxLength: 14 }),
      fc.constantFrom('asc' as const, 'desc' as const),
      fc.integer({ min: 1, max: 10 }),
      async (specs, order, limit) => {
        const store = new MemoryStore();
        await store.insert(build(specs, 2).map(({ batch }) => batch));
        const budget = { bytes: 1e7, answerBytes: 1e7, summaries: 1e5, pageSize: 3 };
        const pages = await walk(store, { order, limit, ...budget }, async () => undefined);
        expect(pages.filter((page) => page.order === 'partial')).toEqual([]);
        expect(pages.every((page) => page.events.length <= limit)).toBe(true);
      },
    ),
    { numRuns: 200 },
  );
});

test('thousands of batches over one minute: pages go on, and nothing is missing', async () => {
  const store = new MemoryStore();
  const grant = grantFor(who);
  const keys: string[] = [];
  for (let seq = 0; seq < 2500; seq++) {
    const lines = [
      lineOf(start + (seq % 100), seq % 256, false),
      lineOf(start + 60_000 - (seq % 50), seq % 256, true),
    ];
    keys.push(...lines.map(keyOf));
    await store.insert([
      storedBatch(lines, { who, grant, seq, prev: seq === 0 ? null : 'A'.repeat(43) }),
    ]);
  }
  for (const order of ['asc', 'desc'] as const) {
    const budget = { bytes: 100_000, answerBytes: 1e6, summaries: 2_000, pageSize: 200 };
    const pages = await walk(store, { order, limit: 100, ...budget }, async () => undefined);
    const given = new Set(
      pages.flatMap((page) => page.events.map(({ id, hash }) => `${id} ${hash}`)),
    );
    expect(given.size).toBe(new Set(keys).size);
    expect(pages.some((page) => page.order === 'partial')).toBe(true);
    expect(pages.every((page) => page.events.length <= 100)).toBe(true);
  }
});
