import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { shownChanges } from '../../src/console/text/changes.ts';
import { diffLines } from '../../src/console/text/diff-lines.ts';
import { member, parseTree } from '../../src/console/text/json-tree.ts';
import { prettyText } from '../../src/console/text/pretty-json.ts';
import { formatSpan, formatTime, toMs } from '../../src/console/text/times.ts';
import { visible } from '../../src/console/text/visible.ts';

const tree = (text: string) => {
  const parsed = parseTree(text);
  if (parsed === undefined) throw new Error(`not parsed: ${text}`);
  return parsed;
};

describe('a JSON text that is printed prettily', () => {
  test('keeps every number as it was written', () => {
    expect(prettyText(tree('{"a":9007199254740993,"b":[1e400,-0,1.0]}'))).toBe(
      '{\n  "a": 9007199254740993,\n  "b": [\n    1e400,\n    -0,\n    1.0\n  ]\n}',
    );
  });

  test('keeps doubled keys, and escapes as they are', () => {
    expect(prettyText(tree('{"a":"\\u0041","a":{}, "b" : []}'))).toBe(
      '{\n  "a": "\\u0041",\n  "a": {},\n  "b": []\n}',
    );
  });

  test('says the same as the text, for any JSON', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(JSON.parse(prettyText(tree(text)))).toEqual(JSON.parse(text));
      }),
    );
  });

  test.each(['', '{', '[1,]', '{"a"}', '{"a":1,}', '1 2', 'nul', '{a:1}', '"a', '[1}'])(
    'is not made of what is no JSON: %s',
    (text) => expect(parseTree(text)).toBeUndefined(),
  );

  test('does not overflow the stack on what nests deeply', () => {
    expect(parseTree('['.repeat(100_000))).toBeUndefined();
  });

  test('gives a member by its key, the last of doubled ones', () => {
    expect(member(tree('{"a":1,"\\u0061":2}'), 'a')).toEqual({ kind: 'number', text: '2' });
    expect(member(tree('[]'), 'a')).toBeUndefined();
  });
});

describe('changes', () => {
  test('show what went and what came, in the words of the line', () => {
    const event = tree(
      '{"changes":[{"op":"replace","path":"/limit","from":9007199254740993,"to":1e400},{"op":"add","path":"/tags","to":["a"]}]}',
    );
    expect(shownChanges(event)).toEqual([
      {
        op: 'replace',
        path: '/limit',
        lines: [
          { sign: '-', text: '9007199254740993' },
          { sign: '+', text: '1e400' },
        ],
      },
      {
        op: 'add',
        path: '/tags',
        lines: [
          { sign: '+', text: '[' },
          { sign: '+', text: '  "a"' },
          { sign: '+', text: ']' },
        ],
      },
    ]);
  });

  const texts = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 });
  test('of many lines lead from what was to what is, and keep what stayed', () => {
    fc.assert(
      fc.property(texts, texts, (before, after) => {
        const lines = diffLines(before, after);
        const of = (sign: string) =>
          lines.filter((line) => line.sign !== sign).map(({ text }) => text);
        expect(of('+')).toEqual(before);
        expect(of('-')).toEqual(after);
      }),
    );
    expect(diffLines(['a', 'b', 'c'], ['a', 'c'])).toEqual([
      { sign: ' ', text: 'a' },
      { sign: '-', text: 'b' },
      { sign: ' ', text: 'c' },
    ]);
  });
});

describe('text out of an event', () => {
  test('shows what would turn its direction or not be seen', () => {
    expect(visible('in\u202Evoice\u0000')).toEqual([
      { text: 'in' },
      { hidden: 'U+202E', name: 'right-to-left override' },
      { text: 'voice' },
      { hidden: 'U+0000', name: 'NUL' },
    ]);
    for (const point of [
      0x61c, 0x200b, 0x200e, 0x200f, 0x202a, 0x2066, 0x2069, 0xfeff, 0xe0041, 0x85,
    ])
      expect(visible(String.fromCodePoint(point))).toHaveLength(1);
  });

  test('is otherwise what it is', () => {
    const text = 'שלום, Ünïcode 👩‍💻 a\tb\nc';
    expect(visible(text)).toEqual([{ text }]);
  });
});

describe('times', () => {
  test('are shown to the millisecond, in UTC', () => {
    expect(formatTime(Date.UTC(2026, 0, 31, 12, 0, 0, 7), 'utc')).toBe('2026-01-31 12:00:00.007');
  });

  test('are shown in the zone of the browser', () => {
    const ms = Date.UTC(2026, 0, 31, 12, 0, 0, 7);
    const shift = new Date(ms).getTimezoneOffset() * 60_000;
    expect(formatTime(ms, 'local')).toBe(formatTime(ms - shift, 'utc'));
  });

  test('are told as spans, of the largest whole unit', () => {
    expect([0, 1500, 61_000, 7_200_000, 200_000_000].map(formatSpan)).toEqual([
      'now',
      '1 s',
      '1 min',
      '2 h',
      '2 d',
    ]);
  });

  test('are read as the API reads them', () => {
    const now = Date.UTC(2026, 0, 31);
    expect(toMs('-2h', now)).toBe(now - 7_200_000);
    expect(toMs('2026-01-31', now)).toBe(now);
    expect(toMs('', now)).toBeUndefined();
    expect(toMs('soon', now)).toBeUndefined();
  });
});
