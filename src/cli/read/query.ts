import { readLine } from '../../domain/line.ts';
import type { Desk, DeskCommand } from '../command.ts';
import { escapeJson } from '../escape-text.ts';
import { UsageError } from '../failure.ts';
import { type Api, openApi } from './api.ts';
import { eventRow } from './event-row.ts';
import { filterOptions, filtersOf, rangeOptions, timeOption } from './filters.ts';
import { connectionOptions } from './profile.ts';

/** Events on a page of the API, at most. */
const pageLimit = 1000;

export const query: DeskCommand = {
  kind: 'desk',
  name: 'query',
  summary: 'read events: a table on a terminal, their exact lines in a pipe',
  options: {
    ...filterOptions,
    ...rangeOptions,
    order: { value: 'ORDER', help: 'desc, newest first (the default), or asc' },
    limit: { value: 'COUNT', help: 'events, at most (default 100)' },
    all: { help: 'all events, however many' },
    ...connectionOptions,
  },
  about: [
    'Different filters are combined with AND, repeated ones with OR. In a pipe, or with --json, each line is the exact bytes that were sealed; a line that is no valid event comes as {"sealtrail": …}.',
  ],
  examples: [
    'query --actor u_17 --outcome denied --from 24h',
    'query --target invoice:in_42 --from 2026-01-01 --to 2026-02-01 --order asc --all',
    'query --metadata plan=pro --metadata plan=team --limit 20 --profile staging',
  ],
  async work(args, desk) {
    const order = args.text('order') ?? 'desc';
    if (order !== 'asc' && order !== 'desc')
      throw new UsageError(`--order is asc or desc, not ${order}`);
    const most = args.flag('all') ? Number.POSITIVE_INFINITY : (args.whole('limit', 1e9) ?? 100);
    const now = desk.now();
    const times = (['from', 'to'] as const).flatMap((name): [string, string][] => {
      const time = timeOption(args, name, now);
      return time === undefined ? [] : [[name, time]];
    });
    const api = await openApi(args, desk);
    const tenant: [string, string][] = api.tenant === undefined ? [] : [['tenant', api.tenant]];
    const limit = String(Math.min(most, pageLimit));
    const asked: [string, string][] = [
      ...filtersOf(args),
      ...times,
      ...tenant,
      ['order', order],
      ['limit', limit],
    ];
    const asTable = desk.stdout.isTTY === true && !args.flag('json');
    const count = await readAll(api, `/v1/events?${new URLSearchParams(asked)}`, most, (lines) =>
      asTable ? showTable(lines, desk) : writeLines(lines, desk),
    );
    if (count === 0) desk.out.note('There are no such events.');
    return 0;
  },
};

/** Page by page until there are enough; how many there were. */
async function readAll(
  api: Api,
  path: string,
  most: number,
  give: (lines: string[]) => void,
): Promise<number> {
  let count = 0;
  for (let next: string | undefined = path; next !== undefined && count < most; ) {
    const page = await api.get(next, 'application/x-ndjson');
    const lines = page.bytes
      .toString('utf8')
      .split('\n')
      .slice(0, -1)
      .slice(0, most - count);
    if (lines.length > 0) give(lines);
    count += lines.length;
    next = page.next;
  }
  return count;
}

/** Exactly as they are into a pipe; a terminal is not to be steered by what is in them. */
function writeLines(lines: string[], { stdout }: Desk): void {
  const show = stdout.isTTY === true ? escapeJson : (line: string) => line;
  stdout.write(lines.map((line) => `${show(line)}\n`).join(''));
}

const columns = ['time', 'actor', 'action', 'targets', 'outcome', 'ip'];

function showTable(lines: string[], { out }: Desk): void {
  const rows = lines.map((line) => {
    const read = readLine(Buffer.from(line));
    return read.kind === 'event'
      ? eventRow(read.event)
      : { time: '-', action: `not a valid event: ${line}` };
  });
  out.rows(rows, columns);
}
