import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Event } from '../../src/domain/event.ts';
import { limits } from '../../src/domain/limits.ts';
import { clause, matches } from '../../src/domain/query.ts';
import { uuidV7 } from '../../src/domain/uuid.ts';
import type { EventQuery } from '../../src/read/choose-batch.ts';
import { type EventPage, pageEvents } from '../../src/read/page-events.ts';
import type { Position } from '../../src/read/position.ts';
import { MemoryStore } from '../fake/memory-store.ts';
import { signer } from '../fixture/batches.ts';
import { event, line } from '../fixture/events.ts';
import { grantFor, storedBatch } from '../fixture/stored.ts';

const start = Date.parse('2026-03-01T23:59:00.000Z');
const who = signer();
const grant = grantFor(who, { shards: 2 });
const word = fc.constantFrom('a', 'b', 'c');

interface LineSpec {
  offset: number;
  actor: string;
  action: string;
  metadata: Record<string, string>;
  faulty: boolean;
}

const lineSpec: fc.Arbitrary<LineSpec> = fc.record({
  offset: fc.integer({ min: 0, max: limits.spanMs }),
  actor: word,
  action: word,
  metadata: fc.dictionary(word, word, { maxKeys: 2 }),
  /** One line in eight is no valid event. */
  faulty: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
});
const batchSpec = fc.record({
  at: fc.integer({ min: 0, max: 90_000 }),
  delay: fc.constantFrom(0, limits.lateMs - 20_000, limits.lateMs + 1),
  lines: fc.array(lineSpec, { minLength: 1, maxLength: 5 }),
});
const filterSpec = fc.array(
  fc.oneof(
    fc.tuple(
      fc.constantFrom('actor', 'action', 'metadata.a', 'metadata.b'),
      fc.array(word, { minLength: 1, maxLength: 2 }),
    ),
    fc.constant(['late', ['true']] as [string, string[]]),
  ),
  { maxLength: 2 },
);

let made = 0;
function build(spec: LineSpec, at: number) {
  const bits = Buffer.alloc(10);
  bits.writeUInt32BE(made++, 6); // an id of its own: equal ids are another test's matter
  const ms = start + at + spec.offset;
  const it: Event = event(ms, {
    id: uuidV7(ms, bits),
    actor: { type: 'user', id: spec.actor },
    action: spec.action,
    metadata: spec.metadata,
  });
  return { ms, it, faulty: spec.faulty, bytes: line(spec.faulty ? { ...it, typo: 1 } : it) };
}

test('filtered pages give exactly what a look at every event gives, and faulty lines in their place, not at all or alone', async () => {
  let filtered = 0;
  let shown = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(batchSpec, { minLength: 1, maxLength: 8 }),
      filterSpec,
      fc.constantFrom('asc' as const, 'desc' as const),
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom<NonNullable<EventQuery['faulty']>>('shown', 'left-out', 'alone'),
      async (specs, asked, order, limit, shownFaulty) => {
        const filter = asked.map(([field, values]) => clause(field, values) ?? []);
        const store = new MemoryStore();
        const expected: string[] = [];
        let isFaultyLeftOut = false;
        for (const [seq, spec] of specs.entries()) {
          const built = spec.lines.map((each) => build(each, spec.at));
          const arrival = Math.max(...built.map(({ ms }) => ms)) + spec.delay;
          const prev = seq === 0 ? null : 'A'.repeat(43);
          const lines = built.map(({ bytes }) => bytes);
          await store.insert([storedBatch(lines, { who, grant, seq, prev, arrival })]);
          for (const { it, ms, faulty } of built) {
            const late = arrival - ms > limits.lateMs;
            const isGiven = faulty
              ? shownFaulty !== 'left-out'
              : shownFaulty !== 'alone' && matches(filter, it, late);
            if (isGiven) expected.push(it.id);
            else filtered++;
            isFaultyLeftOut ||= faulty && shownFaulty === 'left-out';
          }
        }
        expected.sort();
        if (order === 'desc') expected.reverse();
        shown += expected.length;

        const given: string[] = [];
        let isTold = false;
        let position: Position | undefined = {};
        while (position !== undefined) {
          const page: EventPage = await pageEvents(
            {
              tenant: 'acme',
              from: 0,
              to: start + 3_600_000,
              order,
              filter,
              limit,
              position,
              faulty: shownFaulty,
            },
            {
              reader: store,
              grants: async () => new Map([[who.grantId, grant]]),
              budget: {
                summaries: 1e6,
                bytes: 1e9,
                answerBytes: 1e9,
                deadline: Number.POSITIVE_INFINITY,
              },
              now: () => start,
              pageSize: 3,
            },
          );
          given.push(...page.events.map(({ id }) => id));
          isTold ||= page.leftOutFaulty;
          position = page.next;
        }
        expect(given).toEqual(expected);
        expect(isTold).toBe(isFaultyLeftOut);
      },
    ),
    { numRuns: 250 },
  );
  expect(filtered).toBeGreaterThan(500);
  expect(shown).toBeGreaterThan(500);
});
