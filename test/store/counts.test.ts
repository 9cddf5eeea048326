import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import { hourMs, hourOf, packCounts, unpackCounts } from '../../src/store/counts.ts';

const from = Date.parse('2026-03-01T11:59:30.000Z');
const event = (action: string, outcome: 'success' | 'failure' | 'denied' = 'success') => ({
  action,
  outcome,
});

test('events are counted by hour, action and outcome; faulty lines apart', () => {
  const text = packCounts(
    [
      { time: from, event: event('a') },
      { time: from, event: event('a') },
      { time: from + 30_000, event: event('a', 'denied') },
      { time: from, event: event('b', 'failure') },
      { time: from + 40_000, event: undefined },
    ],
    from,
  );
  expect(text).toBe('{"a":[2,0,0,0,0,1],"!":[0,1],"b":[0,1]}');
  const [first, second] = [hourOf(from), hourOf(from) + hourMs];
  expect(unpackCounts(text, from)).toEqual({
    cells: [
      { hour: first, action: 'a', outcome: 'success', count: 2 },
      { hour: second, action: 'a', outcome: 'denied', count: 1 },
      { hour: first, action: 'b', outcome: 'failure', count: 1 },
    ],
    faults: [{ hour: second, count: 1 }],
  });
});

test('what finds no room is counted without its name: the rarest', () => {
  const lines = Array.from({ length: 200 }, (_, i) => ({
    time: from,
    event: event(`${'x'.repeat(250)}${i % 100}`),
  }));
  lines.push(...Array.from({ length: 3 }, () => ({ time: from, event: event('z', 'denied') })));
  const text = packCounts(lines, from);
  const { cells = [] } = unpackCounts(text, from) ?? {};
  expect(cells.find(({ action }) => action === 'z')).toMatchObject({ outcome: 'denied', count: 3 });
  expect(cells.filter(({ action }) => action === undefined)).toEqual([
    { hour: hourOf(from), action: undefined, outcome: 'success', count: expect.any(Number) },
  ]);
  expect(cells.reduce((sum, { count }) => sum + count, 0)).toBe(203);
});

test('whatever a batch holds: every line is counted once, within 1,024 bytes', () => {
  const outcome = fc.constantFrom('success' as const, 'failure' as const, 'denied' as const);
  const action = fc.oneof(
    fc.constantFrom('constructor', '0', '17', 'toString'),
    fc.stringMatching(/^[a-z0-9][a-z0-9._:/-]{0,250}$/),
  );
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          time: fc.integer({ min: from, max: from + limits.spanMs }),
          event: fc.option(fc.record({ action, outcome }), { nil: undefined, freq: 8 }),
        }),
        { minLength: 1, maxLength: 300 },
      ),
      (lines) => {
        const text = packCounts(lines, from);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1024);
        const { cells = [], faults = [] } = unpackCounts(text, from) ?? {};
        const sum = (list: readonly { count: number }[]) =>
          list.reduce((total, { count }) => total + count, 0);
        expect(sum(cells)).toBe(lines.filter((line) => line.event !== undefined).length);
        expect(sum(faults)).toBe(lines.filter((line) => line.event === undefined).length);
        for (const { hour, action: name, outcome: result, count } of cells) {
          if (name === undefined) continue;
          const same = lines.filter(
            (line) =>
              hourOf(line.time) === hour &&
              line.event?.action === name &&
              line.event.outcome === result,
          );
          expect(count).toBe(same.length);
        }
      },
    ),
  );
});
