import { expect, test } from 'vitest';
import { escapeJson, escapeText } from '../../src/cli/escape-text.ts';
import { createOutput } from '../../src/cli/output.ts';

function captured(json: boolean, isTTY = false) {
  const written = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr') => ({
    isTTY,
    write: (text: string) => {
      written[name] += text;
    },
  });
  return { out: createOutput(sink('stdout'), sink('stderr'), json), written };
}

const nasty = 'a\x1b[2J\u009b31m\u202eb\u200b\n\u2028\u{e0041}\ud800 Zoë 漢😀';

test('what could move a cursor, hide or deceive is shown by its number, all else as it is', () => {
  expect(escapeText(nasty)).toBe(
    'a\\u{1b}[2J\\u{9b}31m\\u{202e}b\\u{200b}\\u{a}\\u{2028}\\u{e0041}\\u{d800} Zoë 漢😀',
  );
});

test('JSON is escaped to JSON that says the same', () => {
  const json = escapeJson(JSON.stringify({ nasty }));
  expect(json).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u);
  expect(JSON.parse(json)).toEqual({ nasty });
});

test('a table is aligned: numbers at the right, the rest at the left, nothing as a dash', () => {
  const { out, written } = captured(false);
  const rows = [
    { name: 'a', count: 5, list: ['x', 'y'] },
    { name: 'longer', count: 12_345, list: undefined },
  ];
  out.rows(rows, ['name', 'count', 'list']);
  expect(written.stdout.split('\n')).toEqual([
    'name     count  list',
    'a            5  x,y',
    'longer  12,345  -',
    '',
  ]);
});

test('a cell cannot break out of its table', () => {
  const { out, written } = captured(false);
  out.rows([{ name: 'a\nb\x1b[31m' }], ['name']);
  expect(written.stdout).toBe('name\na\\u{a}b\\u{1b}[31m\n');
});

test('with --json a row is a line with all that it has, and sentences are left out', () => {
  const { out, written } = captured(true);
  out.rows([{ name: 'a', more: 1 }, { name: 'b' }], ['name']);
  out.say('a sentence');
  expect(written).toEqual({ stdout: '{"name":"a","more":1}\n{"name":"b"}\n', stderr: '' });
});

test('progress is for terminals, and gone before anything else is said', () => {
  const quiet = captured(false);
  quiet.out.progress('1 of 2');
  expect(quiet.written.stderr).toBe('');
  const { out, written } = captured(false, true);
  out.progress('1 of 2');
  out.say('done');
  expect(written.stderr).toBe('\r\x1b[K1 of 2\r\x1b[K');
});
