import { escapeJson, escapeText } from './escape-text.ts';

/** A line of output: a value each for the columns that people are shown, and whatever else a program may want. */
export type Row = Readonly<Record<string, unknown>>;

export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** What a command says. Results go to standard output, everything else to standard error. */
export interface Output {
  /** Rows as an aligned table of these columns (of none: not at all), or each as a JSON object with all it has. */
  rows(rows: readonly Row[], columns: readonly string[]): void;
  /** A sentence for people; nothing with `--json`. */
  say(text: string): void;
  note(text: string): void;
  /** Replaces the last progress on a terminal; is not shown elsewhere. */
  progress(text: string): void;
}

export function createOutput(stdout: Sink, stderr: Sink, json: boolean): Output {
  let inProgress = false;
  const endProgress = () => {
    if (inProgress) stderr.write('\r\x1b[K');
    inProgress = false;
  };
  return {
    rows(rows, columns) {
      endProgress();
      if (json) for (const row of rows) stdout.write(`${escapeJson(JSON.stringify(row))}\n`);
      else if (rows.length > 0 && columns.length > 0) stdout.write(table(rows, columns));
    },
    say(text) {
      endProgress();
      if (!json) stdout.write(`${escapeText(text)}\n`);
    },
    note(text) {
      endProgress();
      stderr.write(`${escapeText(text)}\n`);
    },
    progress(text) {
      if (stderr.isTTY !== true) return;
      stderr.write(`\r\x1b[K${escapeText(text)}`);
      inProgress = true;
    },
  };
}

/** Numbers stand at the right, everything else at the left. */
function table(rows: readonly Row[], columns: readonly string[]): string {
  const cells = [columns, ...rows.map((row) => columns.map((name) => cell(row[name])))];
  const numeric = columns.map((name) => rows.every((row) => typeof row[name] === 'number'));
  const widths = columns.map((_, at) => Math.max(...cells.map((line) => line[at]?.length ?? 0)));
  const lines = cells.map((line) =>
    line
      .map((text, at) =>
        numeric[at] ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

function cell(value: unknown): string {
  if (value === undefined || value === null || value === '') return '-';
  if (typeof value === 'number') return value.toLocaleString('en-US');
  return escapeText(Array.isArray(value) ? value.join(',') : String(value));
}
