import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromFragment, toFragment, toParams } from '../../src/console/question/params.ts';
import {
  emptyQuestion,
  fieldNames,
  type Question,
  withChip,
} from '../../src/console/question/question.ts';
import { complaint, readWords } from '../../src/console/question/read-words.ts';
import { filterNames, parseQuery } from '../../src/read/parse-query.ts';

const asked = (typed: string, before: Question = emptyQuestion) => readWords(typed, before);

const questions = fc.record<Question>({
  chips: fc.array(
    fc.record({
      name: fc.oneof(
        fc.constantFrom('actor', 'action', 'target', 'ip'),
        fc.string({ minLength: 1 }).map((path) => `metadata.${path}`),
      ),
      value: fc.string({ minLength: 1 }),
    }),
    { maxLength: 5 },
  ),
  q: fc.string(),
  from: fc.constantFrom('', '-24h', '2026-01-31'),
  to: fc.constantFrom('', '2026-02-01T00:00:00.000Z'),
  order: fc.constantFrom('desc', 'asc'),
  tenant: fc.constantFrom('', 'acme'),
});

test('the fields that the console filters on are those of the API', () => {
  expect([...fieldNames].sort()).toEqual([...filterNames].sort());
});

describe('the search box', () => {
  test('takes names with values as filters, and the rest as text', () => {
    expect(asked('actor:user_7 outcome=denied needs a review')).toEqual({
      ...emptyQuestion,
      chips: [
        { name: 'actor', value: 'user_7' },
        { name: 'outcome', value: 'denied' },
      ],
      q: 'needs a review',
    });
  });

  test('splits at the first colon only, so that a target keeps its own', () => {
    expect(asked('target:invoice:in_42').chips).toEqual([
      { name: 'target', value: 'invoice:in_42' },
    ]);
  });

  test('keeps what is quoted together', () => {
    expect(asked('actor:"Ana Petrova" "two words"')).toMatchObject({
      chips: [{ name: 'actor', value: 'Ana Petrova' }],
      q: 'two words',
    });
    expect(asked('metadata.note:"he said \\"no\\""').chips[0]?.value).toBe('he said "no"');
  });

  test('takes what looks like a filter but is none as text', () => {
    expect(asked('http://example.test/x colour:red actor: metadata.:x').q).toBe(
      'http://example.test/x colour:red actor: metadata.:x',
    );
  });

  test('knows times, and late', () => {
    expect(asked('-24h late to:2026-02-01')).toMatchObject({
      from: '-24h',
      to: '2026-02-01',
      chips: [{ name: 'late', value: 'true' }],
    });
  });

  test('adds to the question before, and the same filter once only', () => {
    const before = asked('actor:a');
    expect(asked('actor:a actor:b', before).chips.map(({ value }) => value)).toEqual(['a', 'b']);
  });

  test('says what is wrong before it asks', () => {
    expect(complaint(asked('ab'))).toContain('3 characters');
    expect(complaint(asked('x'.repeat(101)))).toContain('100 characters');
    expect(complaint(asked('outcome:maybe'))).toContain('success, failure or denied');
    expect(complaint(asked('target:in_42'))).toContain('type:id');
    expect(complaint(asked('target:invoice:in_42 outcome:denied abc'))).toBeUndefined();
  });
});

describe('a permalink', () => {
  test('leads back to the same view, whatever is asked', () => {
    fc.assert(
      fc.property(questions, fc.constantFrom('', 'some-id'), (question, event) => {
        const view = { question, event, page: 'events' } as const;
        expect(fromFragment(toFragment(view))).toEqual({ ...view, token: '' });
      }),
    );
  });

  test('never holds a token, and reads one that was given', () => {
    const read = fromFragment('#token=stv_x.y&actor=a');
    expect(read.token).toBe('stv_x.y');
    expect(toFragment(read)).toBe('#actor=a');
  });

  test('leaves out what it does not know', () => {
    expect(fromFragment('#colour=red&order=sideways&actor=&page=moon')).toEqual({
      question: emptyQuestion,
      event: '',
      page: 'events',
      token: '',
    });
  });
});

test('the API understands every question that the search box makes', () => {
  const question = withChip(
    asked('actor:a actor:b action:c target:t:d outcome:denied ip:::1 late metadata.a.b:7 -7d text'),
    { name: 'correlation', value: 'x' },
  );
  const parsed = parseQuery(toParams({ ...question, order: 'asc' }), Date.now());
  expect(parsed.order).toBe('asc');
  expect(parsed.filter.length).toBeGreaterThanOrEqual(7);
  expect(question.chips).toContainEqual({ name: 'ip', value: '::1' });
});
