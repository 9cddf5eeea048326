import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import { clause, matches } from '../../src/domain/query.ts';
import { uuidV7 } from '../../src/domain/uuid.ts';
import { countEvents, type Dimension, type StatsPage } from '../../src/read/count-events.ts';
import { type EventPage, pageEvents } from '../../src/read/page-events.ts';
import type { Position } from '../../src/read/position.ts';
import type { Start } from '../../src/store/batch-store.ts';
import { hourOf } from '../../src/store/counts.ts';
import { MemoryStore } from '../fake/memory-store.ts';
import { signer } from '../fixture/batches.ts';
import { event, line } from '../fixture/events.ts';
import { grantFor, storedBatch } from '../fixture/stored.ts';

/** Half a minute before an hour and a day end. */
const start = Date.parse('2026-03-01T23:59:30.000Z');
const who = signer();
const grant = grantFor(who, { shards: 2 });
const word = fc.constantFrom('a', 'b', 'c');
const outcome = fc.constantFrom('success' as const, 'failure' as const, 'denied' as const);
const ms = fc.integer({ min: 0, max: 150_000 });

interface LineSpec {
  offset: number;
  actor: string;
  action: string;
  outcome: 'success' | 'failure' | 'denied';
  note: string;
  faulty: boolean;
}

interface BatchSpec {
  at: number;
  lines: LineSpec[];
}

const lineSpec: fc.Arbitrary<LineSpec> = fc.record({
  offset: fc.integer({ min: 0, max: limits.spanMs }),
  actor: word,
  action: word,
  outcome,
  note: fc.constantFrom('Zebra crossing', 'a QUIET day', 'nothing'),
  faulty: fc.integer({ min: 0, max: 15 }).map((n) => n === 0),
});
const world: fc.Arbitrary<BatchSpec[]> = fc.array(
  fc.record({
    at: fc.integer({ min: 0, max: 90_000 }),
    lines: fc.array(lineSpec, { minLength: 1, maxLength: 6 }),
  }),
  { minLength: 1, maxLength: 8 },
);
const values = (of: fc.Arbitrary<string>) => fc.array(of, { minLength: 1, maxLength: 2 });
const filterSpec = fc.array(
  fc.oneof(
    fc.tuple(fc.constantFrom('actor', 'action'), values(word)),
    fc.tuple(fc.constant('outcome'), values(outcome)),
  ),
  { maxLength: 2 },
);
const range = fc.tuple(ms, ms).map(([x, y]) => ({
  from: start + Math.min(x, y),
  to: start + Math.max(x, y) + 1,
}));

let made = 0;

/** The batches of a world in a store, and all their lines. */
async function build(specs: readonly BatchSpec[]) {
  const store = new MemoryStore();
  const all = [];
  for (const [seq, spec] of specs.entries()) {
    const built = spec.lines.map(({ offset, actor, action, outcome: result, note, faulty }) => {
      const bits = Buffer.alloc(10);
      bits.writeUInt32BE(made++, 6); // an event in two batches would count twice
      const time = start + spec.at + offset;
      const it = event(time, {
        id: uuidV7(time, bits),
        actor: { type: 'user', id: actor },
        action,
        outcome: result,
        metadata: { note },
      });
      return { time, it, faulty, bytes: line(faulty ? { ...it, typo: 1 } : it) };
    });
    all.push(...built);
    const prev = seq === 0 ? null : 'A'.repeat(43);
    const lines = built.map(({ bytes }) => bytes);
    await store.insert([storedBatch(lines, { who, grant, seq, prev })]);
  }
  return { store, all };
}

const options = (reader: MemoryStore, pageSize: number) => ({
  reader,
  grants: async () => new Map([[who.grantId, grant]]),
  budget: {
    // One query a page: it gets as far as one summary page.
    summaries: 1,
    bytes: 1e9,
    answerBytes: 1e9,
    deadline: Number.POSITIVE_INFINITY,
  },
  now: () => start,
  pageSize,
});

test('counts are those of a look at every event where they say so, never too few, and all in doubt is named', async () => {
  let sure = 0;
  let unsure = 0;
  await fc.assert(
    fc.asyncProperty(
      world,
      filterSpec,
      range,
      fc.subarray<Dimension>(['action', 'outcome', 'hour'], { minLength: 1 }),
      fc.boolean(),
      fc.boolean(),
      async (specs, asked, { from, to }, by, exact, strict) => {
        const filter = asked.map(([field, texts]) => clause(field, texts) ?? []);
        const { store, all } = await build(specs);
        const inRange = all.filter(({ time }) => time >= from && time < to);
        const expected = new Map<string, number>();
        for (const { it, time, faulty } of inRange) {
          if (faulty || !matches(filter, it, false)) continue;
          const whole = { action: it.action, outcome: it.outcome, hour: hourOf(time) };
          const group = JSON.stringify(
            Object.fromEntries(by.map((name) => [name, whole[name as keyof typeof whole]])),
          );
          expected.set(group, (expected.get(group) ?? 0) + 1);
        }

        const found = new Map<string, number>();
        const doubtful = new Map<string, number>();
        let faulty = 0;
        for (let at: Start | 'first' | undefined = 'first'; at !== undefined; ) {
          const page: StatsPage = await countEvents(
            {
              tenant: 'acme',
              from,
              to,
              order: 'desc',
              filter,
              by,
              exact: exact || strict,
              faulty: strict ? 'left-out' : 'shown',
              limit: 1,
              position: at === 'first' ? {} : { at },
            },
            options(store, 2),
          );
          for (const { group, count } of page.groups) {
            const key = JSON.stringify(group);
            found.set(key, (found.get(key) ?? 0) + count);
          }
          for (const [why, count] of page.doubtful)
            doubtful.set(why, (doubtful.get(why) ?? 0) + count);
          faulty += page.faulty;
          at = page.next;
        }

        const faults = inRange.filter((each) => each.faulty).length;
        if (strict) expect(faulty).toBe(0);
        else if (exact) expect(faulty).toBe(faults);
        else expect(faulty).toBeGreaterThanOrEqual(faults);
        doubtful.delete('faults');
        if (exact || strict) expect([...doubtful]).toEqual([]);
        const off = [...doubtful.values()].reduce((sum, count) => sum + count, 0);
        if (off === 0) {
          sure++;
          expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
          return;
        }
        unsure++;
        let over = 0;
        for (const key of new Set([...found.keys(), ...expected.keys()])) {
          const more = (found.get(key) ?? 0) - (expected.get(key) ?? 0);
          expect(more).toBeGreaterThanOrEqual(0);
          over += more;
        }
        expect(over).toBeLessThanOrEqual(off);
      },
    ),
    { numRuns: 300 },
  );
  expect(sure).toBeGreaterThan(80);
  expect(unsure).toBeGreaterThan(15);
});

test('pages with a text are exactly the events whose line holds it, in any case of letters', async () => {
  let shown = 0;
  await fc.assert(
    fc.asyncProperty(
      world,
      filterSpec,
      fc.constantFrom('zebra', 'quiet DAY', '"note":"no', 'nowhere'),
      fc.constantFrom('asc' as const, 'desc' as const),
      async (specs, asked, q, order) => {
        const filter = asked.map(([field, texts]) => clause(field, texts) ?? []);
        const { store, all } = await build(specs);
        const text = q.toLowerCase();
        const expected = all
          .filter(({ bytes }) => bytes.toString().toLowerCase().includes(text))
          .filter(({ it, faulty }) => faulty || matches(filter, it, false))
          .map(({ it }) => it.id)
          .sort();
        if (order === 'desc') expected.reverse();
        const given: string[] = [];
        for (let position: Position | undefined = {}; position !== undefined; ) {
          const page: EventPage = await pageEvents(
            { tenant: 'acme', from: 0, to: start + 1e6, order, filter, text, limit: 3, position },
            { ...options(store, 3), budget: { ...options(store, 3).budget, summaries: 1e6 } },
          );
          given.push(...page.events.map(({ id }) => id));
          position = page.next;
        }
        expect(given).toEqual(expected);
        shown += given.length;
      },
    ),
    { numRuns: 120 },
  );
  expect(shown).toBeGreaterThan(100);
});
