import { expect, test } from 'vitest';
import { codeOf } from '../../src/domain/error.ts';
import { integer, onlySingles, parseQuery } from '../../src/read/parse-query.ts';

const now = Date.parse('2026-03-01T12:00:00.000Z');
const parse = (query: string) => parseQuery(new URLSearchParams(query), now);

function outcome(query: string): string | undefined {
  try {
    parse(query);
  } catch (error) {
    return codeOf(error) ?? String(error);
  }
  return 'understood';
}

test('a query without parameters asks for everything up to now, newest first', () => {
  expect(parse('')).toEqual({
    tenant: undefined,
    from: 0,
    to: now + 5 * 60_000 + 1, // an event may be 5 minutes ahead of its arrival
    order: 'desc',
    filter: [],
    limit: 100,
    cursor: undefined,
    relative: false,
    text: undefined,
    faulty: 'shown',
    question: '[null,null,[],"desc"]',
  });
});

test.each([
  'limit=0',
  'limit=-1',
  'limit=1000000000',
  'limit=1001',
  'limit=NaN',
  'limit=1.5',
  'limit=1e2',
  'limit=0x10',
  'limit=',
  'limit=%2B5',
  'limit= 5',
  'limit=5&limit=6',
])('%s is refused', (query) => {
  expect(outcome(query)).toBe('request-invalid');
});

test.each(['limit=1', 'limit=1000', 'limit=007'])('%s is understood', (query) => {
  expect(outcome(query)).toBe('understood');
});

test.each([
  'from=2026-03-02&to=2026-03-01',
  'from=yesterday',
  'from=2026',
  'from=2026-03',
  'from=2026-13-01',
  'from=2026-02-30',
  'to=2025-02-29T00:00:00Z',
  'from=2026-02-01T25:00:00Z',
  'from=2026-02-01T12:00:00', // of which zone?
  'from=1700000000000',
  'from=1969-12-31',
  'from=-000001-01-01',
  'to=9999-12-31T23:59:30Z',
  'to=9999-12-31T23:59:00-12:00',
  'to=%2B010000-01-01',
  'from=2026-01-01T00:00:00+02:00', // an unescaped plus is a space
  'to=Infinity',
  'from=',
])('%s is refused', (query) => {
  expect(outcome(query)).toBe('request-invalid');
});

test.each([
  ['2026-02-28', '2026-02-28T00:00:00.000Z'],
  ['2024-02-29', '2024-02-29T00:00:00.000Z'],
  ['2026-02-28T10:00Z', '2026-02-28T10:00:00.000Z'],
  ['2026-02-28T10:00:01.5Z', '2026-02-28T10:00:01.500Z'],
  ['2026-02-28T10:00:00%2B02:00', '2026-02-28T08:00:00.000Z'],
])('from=%s is %s', (text, time) => {
  expect(parse(`from=${text}`).from).toBe(Date.parse(time));
});

test('from may be to: there is nothing between them', () => {
  expect(outcome('from=2026-03-01&to=2026-03-01')).toBe('understood');
});

test.each(['tenant', 'from', 'to', 'order', 'limit', 'cursor', 'q', 'format'])(
  '%s given twice is refused, even with equal values',
  (name) => {
    expect(outcome(`${name}=2026-03-01&${name}=2026-03-01`)).toBe('request-invalid');
  },
);

test.each([
  'user=x',
  'Actor=x',
  'metadata=x',
  'metadata.=x',
  '=x',
  '__proto__=x',
  'constructor=x',
  'late=false',
  'late=true&late=1',
  'order=up',
  'order=',
  `metadata.${'p'.repeat(300)}=${'v'.repeat(300)}`,
])('%s is refused', (query) => {
  expect(outcome(query)).toBe('request-invalid');
});

test('a refusal names what was asked, shortened, and what there is', () => {
  expect(() => parse(`${'x'.repeat(5000)}=1`)).toThrow(
    /^there is no parameter x{100}; filters are actor, /,
  );
});

test('fields are combined with and, values of one field with or', () => {
  expect(parse('actor=b&outcome=denied&actor=a&late=true&metadata.k.l=v').filter).toEqual([
    ['actor:a', 'actor:b'],
    ['late'],
    ['metadata.k.l\0v'],
    ['outcome:denied'],
  ]);
});

test('a cursor is bound to the question: not to the order of its words, nor to page size', () => {
  const { question } = parse('actor=a&actor=b&action=x&from=2026-01-01');
  expect(parse('from=2026-01-01&action=x&actor=b&actor=a&limit=7&cursor=c').question).toBe(
    question,
  );
  for (const other of [
    'actor=a&action=x&from=2026-01-01',
    'actor=a&actor=b&action=x&from=2026-01-02',
    'actor=a&actor=b&action=x&from=2026-01-01&order=asc',
  ])
    expect(parse(other).question).not.toBe(question);
});

test('where there are no filters, any other parameter is refused', () => {
  const only = (query: string) => onlySingles(new URLSearchParams(query), ['tenant', 'limit']);
  expect(only('tenant=a&limit=3')).toEqual({ tenant: 'a', limit: '3' });
  for (const query of ['actor=x', 'tenant=a&tenant=a', 'cursor=x'])
    expect(() => only(query)).toThrow();
  expect(integer('limit', undefined, 100, 1000)).toBe(100);
});
