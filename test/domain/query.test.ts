import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Event } from '../../src/domain/event.ts';
import { clause, eventTerms, type Filter, matches } from '../../src/domain/query.ts';
import { bloomOf, mayContain } from '../../src/store/terms.ts';
import { event } from '../fixture/events.ts';

const now = 1_700_000_000_000;
/** Few words, some of which look like terms, so that filters often match and often nearly match. */
const word = fc.constantFrom('a', 'b', 'actor:a', 'a:b', 'late', 'a.b', 'a=b', '1', 'true', 'null');
const scalar = fc.oneof(word, fc.constantFrom(1, true, false, null, 1.5));
const metadata = fc.dictionary(
  word,
  fc.oneof(scalar, fc.array(scalar, { maxLength: 2 }), fc.dictionary(word, scalar, { maxKeys: 3 })),
  { maxKeys: 4 },
);

const events: fc.Arbitrary<Event> = fc
  .record(
    {
      actor: word.map((id) => ({ type: 'user', id })),
      action: word,
      outcome: fc.constantFrom('success' as const, 'failure' as const, 'denied' as const),
      targets: fc.array(fc.record({ type: word, id: word }), { maxLength: 3 }),
      context: fc.record({ ip: fc.constantFrom('10.0.0.1', '::1') }, { requiredKeys: [] }),
      correlationId: word,
      metadata,
    },
    { requiredKeys: ['actor', 'action', 'outcome', 'targets'] },
  )
  .map((over) => event(now, over));

const simple = fc.constantFrom('actor', 'action', 'outcome', 'target', 'ip', 'correlation');
const field = fc.oneof(
  fc.tuple(
    simple,
    fc.array(fc.oneof(word, fc.constantFrom('success', '10.0.0.1', 'a:a', 'a:a:b')), {
      minLength: 1,
      maxLength: 3,
    }),
  ),
  fc.tuple(
    fc
      .oneof(
        word,
        fc.tuple(word, word).map((path) => path.join('.')),
      )
      .map((p) => `metadata.${p}`),
    fc.array(fc.oneof(word, fc.constantFrom('1.5', 'false')), { minLength: 1, maxLength: 2 }),
  ),
  fc.constant(['late', ['true']] as [string, string[]]),
);

/** Every place in the metadata that a dotted path may mean, read naively. */
function valuesAt(object: unknown, path: string): unknown[] {
  if (typeof object !== 'object' || object === null || Array.isArray(object)) return [];
  return Object.entries(object).flatMap(([key, value]) => {
    if (key === path) return [value];
    return path.startsWith(`${key}.`) ? valuesAt(value, path.slice(key.length + 1)) : [];
  });
}

function naively(
  fields: readonly [string, readonly string[]][],
  it: Event,
  late: boolean,
): boolean {
  return fields.every(([name, values]) =>
    values.some((value) => {
      if (name === 'late') return late;
      if (name === 'actor') return it.actor.id === value;
      if (name === 'action') return it.action === value;
      if (name === 'outcome') return it.outcome === value;
      if (name === 'ip') return it.context?.ip === value;
      if (name === 'correlation') return it.correlationId === value;
      if (name === 'target') return it.targets.some(({ type, id }) => `${type}:${id}` === value);
      return valuesAt(it.metadata, name.slice('metadata.'.length)).some(
        (found) => (found === null || typeof found !== 'object') && String(found) === value,
      );
    }),
  );
}

test('a filter matches exactly the events that a naive check takes', () => {
  let matched = 0;
  fc.assert(
    fc.property(events, fc.array(field, { maxLength: 3 }), fc.boolean(), (it, fields, late) => {
      const filter: Filter = fields.map(([name, values]) => clause(name, values) ?? []);
      const expected = naively(fields, it, late);
      expect(matches(filter, it, late)).toBe(expected);
      if (expected && fields.length > 0) matched++;
    }),
    { numRuns: 3000 },
  );
  expect(matched).toBeGreaterThan(150);
});

test('the index over a batch never misses what matches', () => {
  fc.assert(
    fc.property(fc.array(events, { minLength: 1, maxLength: 20 }), fc.boolean(), (all, late) => {
      const terms = new Set(all.flatMap((it) => eventTerms(it, late)));
      const filter = bloomOf(terms);
      for (const term of terms) expect(mayContain(filter, term)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test('the index says yes to about one in a hundred of what is not there', () => {
  const filter = bloomOf(new Set(Array.from({ length: 460 }, (_, i) => `actor:u_${i}`)));
  expect(filter.length).toBe(575);
  let yes = 0;
  for (let i = 0; i < 20_000; i++) if (mayContain(filter, `actor:x_${i}`)) yes++;
  expect(yes).toBeGreaterThan(20);
  expect(yes).toBeLessThan(400);
});

test('however many terms there are, the index has 4 KiB at most and misses none', () => {
  const terms = Array.from({ length: 8_000 }, (_, i) => `actor:u_${i}`);
  const filter = bloomOf(new Set(terms));
  expect(filter.length).toBe(4096);
  expect(terms.every((term) => mayContain(filter, term))).toBe(true);
});

test.each([
  '',
  'q',
  'Actor',
  'metadata',
  'metadata.',
  'constructor',
  '__proto__',
  'toString',
  'tenant',
])('there is no filter called %j', (name) => {
  expect(clause(name, ['x'])).toBeUndefined();
});

test('late takes the value true only', () => {
  expect(clause('late', ['true'])).toEqual(['late']);
  expect(clause('late', ['false'])).toBeUndefined();
  expect(clause('late', ['true', 'x'])).toBeUndefined();
});

test('a path leads into objects, with a dot for each step, and not into arrays', () => {
  const it = event(now, { metadata: { a: { b: { c: 1 } }, list: [{ d: 'x' }] } });
  const finds = (path: string, value: string) =>
    matches([clause(`metadata.${path}`, [value]) ?? []], it, false);
  expect(finds('a.b.c', '1')).toBe(true);
  for (const path of ['abc', 'ab.c', 'a.bc', 'c', 'b.c', 'a.b', 'a'])
    expect(finds(path, '1')).toBe(false);
  for (const path of ['list', 'list.d', 'list.0.d']) expect(finds(path, 'x')).toBe(false);
});

test('a path with an equals sign is not mistaken for a value with one', () => {
  const it = event(now, { metadata: { 'a=b': 'c' } });
  expect(matches([clause('metadata.a=b', ['c']) ?? []], it, false)).toBe(true);
  expect(matches([clause('metadata.a', ['b=c']) ?? []], it, false)).toBe(false);
});

test('a long key around many short ones makes no terms, and what fits beside it does', () => {
  const inner = Object.fromEntries(Array.from({ length: 3500 }, (_, i) => [`k${i}`, 1]));
  const long = event(now, { metadata: { ['p'.repeat(32_000)]: inner, plan: 'pro' } });
  const terms = eventTerms(long, false);
  expect(terms.filter((term) => term.startsWith('metadata.'))).toEqual(['metadata.plan\0pro']);
});

test('what can be filtered on is what has a term: to the last unit, and no further', () => {
  const path = 'p'.repeat(200);
  const most = 'v'.repeat(512 - 'metadata.'.length - path.length - 1);
  const found = (value: string) =>
    matches(
      [clause(`metadata.${path}`, [value]) ?? []],
      event(now, { metadata: { [path]: value } }),
      false,
    );
  expect([found(most), found(`${most}v`)]).toEqual([true, false]);
});

test('a filter of more terms than it has bits says yes to everything', () => {
  const full = bloomOf(new Set(Array.from({ length: 32_769 }, (_, i) => `t${i}`)));
  expect(full).toEqual(Buffer.alloc(4096, 0xff));
});
