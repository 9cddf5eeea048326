import { readLine } from '../../domain/line.ts';
import type { Desk } from '../command.ts';
import { escapeJson, escapeText } from '../escape-text.ts';
import { Failure, UsageError } from '../failure.ts';
import type { Args } from '../read-args.ts';
import { eventRow } from './event-row.ts';

interface Shown {
  readonly events: number;
  readonly holes: number;
}

/** How a query's pages are shown, one behind the other. */
export interface QueryFormat {
  /** What is asked of the API. */
  readonly accept: string;
  /** Shows a page, which has no more events than are wanted; how many it had, and batches that it names as missing. */
  show(page: Buffer): Shown;
  /** Behind the last page. */
  end(): void;
}

const names = ['table', 'ndjson', 'json', 'csv'] as const;

/** A table on a terminal and exact lines in a pipe, unless it is said otherwise. Throws a UsageError. */
export function formatOf(args: Args, desk: Desk): QueryFormat {
  const isTerminal = desk.stdout.isTTY === true;
  const said = args.text('format');
  if (said !== undefined && args.flag('json'))
    throw new UsageError('--json is --format ndjson: give one of both');
  const name = said ?? (isTerminal && !args.flag('json') ? 'table' : 'ndjson');
  if (name === 'table') return asTable(desk);
  if (name === 'ndjson') return asLines(desk);
  if (name === 'json') return asJson(desk);
  if (name === 'csv') return asCsv(desk);
  throw new UsageError(`--format is ${names.join(', ')}, not ${said}`);
}

const ndjson = 'application/x-ndjson';
const nothing = () => {};
/** What stands in NDJSON for a batch that is not what was sealed: no event, and no faulty line, begins so. */
export const holeStart = '{"sealtrail":{"hole":';
const shownLines = (lines: readonly string[]): Shown => {
  const holes = lines.filter((line) => line.startsWith(holeStart)).length;
  return { events: lines.length - holes, holes };
};
const linesIn = (page: Buffer) => page.toString('utf8').split('\n').slice(0, -1);
const columns = ['time', 'actor', 'action', 'targets', 'outcome', 'ip'];

function asTable({ out }: Desk): QueryFormat {
  return {
    accept: ndjson,
    show(page) {
      const lines = linesIn(page);
      const rows = lines.map((line) => {
        if (line.startsWith(holeStart)) return { time: '-', action: `missing here: ${line}` };
        const read = readLine(Buffer.from(line));
        return read.kind === 'event'
          ? eventRow(read.event)
          : { time: '-', action: `not a valid event: ${line}` };
      });
      out.rows(rows, columns);
      return shownLines(lines);
    },
    end: nothing,
  };
}

/** Exactly as they are into a pipe; a terminal is not to be steered by what is in them. */
function asLines({ stdout }: Desk): QueryFormat {
  const show = stdout.isTTY === true ? escapeJson : (line: string) => line;
  return {
    accept: ndjson,
    show(page) {
      const lines = linesIn(page);
      stdout.write(lines.map((line) => `${show(line)}\n`).join(''));
      return shownLines(lines);
    },
    end: nothing,
  };
}

/** One array of what the API says of each event, its bytes as they came: no number is read. */
function asJson({ stdout }: Desk): QueryFormat {
  const show = stdout.isTTY === true ? escapeJson : (text: string) => text;
  let before = '[\n';
  return {
    accept: 'application/json',
    show(page) {
      const text = page.toString('utf8');
      const end = text.lastIndexOf('],"order":');
      if (!text.startsWith('{"events":[') || end === -1)
        throw new Failure('the answer is of another version of the API');
      const { events, holes = [] } = JSON.parse(text);
      const shown: Shown = { events: events.length, holes: holes.length };
      if (shown.events === 0) return shown;
      stdout.write(`${before}${show(text.slice('{"events":['.length, end))}`);
      before = ',\n';
      return shown;
    },
    end: () => stdout.write(before === '[\n' ? '[]\n' : '\n]\n'),
  };
}

/** RFC 4180, as the API has it: the header is in the first page only. */
function asCsv({ stdout }: Desk): QueryFormat {
  let headers = 1;
  return {
    accept: 'text/csv',
    show(page) {
      const text = page.toString('utf8');
      const rows = text.split('\r\n').map(escapeText).join('\r\n');
      stdout.write(stdout.isTTY === true ? rows : text);
      const records = recordsIn(text) - headers;
      headers = 0;
      // Such a record has a name and the code, and nothing else.
      const holes = text.match(/^,+[^,\n]*,,integrity-broken,\r?$/gm)?.length ?? 0;
      return { events: records - holes, holes };
    },
    end: nothing,
  };
}

/** An end of a line within quotes ends no record. */
function recordsIn(csv: string): number {
  let count = 0;
  let isQuoted = false;
  for (const char of csv) {
    if (char === '"') isQuoted = !isQuoted;
    else if (char === '\n' && !isQuoted) count += 1;
  }
  return count;
}
