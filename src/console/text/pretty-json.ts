import type { JsonTree } from './json-tree.ts';

interface Piece {
  readonly kind: 'key' | 'string' | 'number' | 'word' | 'mark';
  readonly text: string;
}

export interface PrettyLine {
  readonly indent: number;
  readonly pieces: readonly Piece[];
}

const mark = (text: string): Piece => ({ kind: 'mark', text });

/** A JSON text over several lines, in its own words: only white space between them is ours. */
export function prettyJson(tree: JsonTree): PrettyLine[] {
  const lines: PrettyLine[] = [];
  let pieces: Piece[] = [];
  let indent = 0;
  const breakLine = (change: number) => {
    lines.push({ indent, pieces });
    pieces = [];
    indent += change;
  };

  function writeAll(marks: readonly [string, string], writers: readonly (() => void)[]): void {
    pieces.push(mark(marks[0]));
    if (writers.length > 0) {
      breakLine(1);
      writers.forEach((write, i) => {
        write();
        const isLast = i === writers.length - 1;
        if (!isLast) pieces.push(mark(','));
        breakLine(isLast ? -1 : 0);
      });
    }
    pieces.push(mark(marks[1]));
  }

  function write(node: JsonTree): void {
    if (node.kind === 'object')
      writeAll(
        ['{', '}'],
        node.entries.map(([key, value]) => () => {
          pieces.push({ kind: 'key', text: key }, mark(': '));
          write(value);
        }),
      );
    else if (node.kind === 'array')
      writeAll(
        ['[', ']'],
        node.items.map((item) => () => write(item)),
      );
    else pieces.push(node);
  }

  write(tree);
  breakLine(0);
  return lines;
}

/** The same as plain text. */
export function prettyText(tree: JsonTree): string {
  return prettyJson(tree)
    .map(({ indent, pieces }) => '  '.repeat(indent) + pieces.map(({ text }) => text).join(''))
    .join('\n');
}
