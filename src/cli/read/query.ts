import type { DeskCommand } from '../command.ts';
import { UsageError } from '../failure.ts';
import { type Api, openApi } from './api.ts';
import {
  filterOptions,
  filtersOf,
  rangeOptions,
  textOf,
  textOption,
  timeOption,
} from './filters.ts';
import { connectionOptions } from './profile.ts';
import { formatOf, type QueryFormat } from './query-format.ts';

/** Events on a page of the API, at most. */
const pageLimit = 1000;

export const query: DeskCommand = {
  kind: 'desk',
  name: 'query',
  summary: 'read events: a table on a terminal, their exact lines in a pipe',
  options: {
    ...filterOptions,
    ...textOption,
    ...rangeOptions,
    order: { value: 'ORDER', help: 'desc, newest first (the default), or asc' },
    limit: { value: 'COUNT', help: 'events, at most (default 100)' },
    all: { help: 'all events, however many' },
    format: {
      value: 'FORMAT',
      help: 'table, ndjson, json (one array, with what the service knows of each), or csv',
    },
    ...connectionOptions,
  },
  about: [
    'Different filters are combined with AND, repeated ones with OR. In a pipe, or with --json, each line is the exact bytes that were sealed; a line that is no valid event comes as {"sealtrail": …}.',
    'With --format csv, what a spreadsheet would take for a formula has an apostrophe before it; the exact line is the last column.',
  ],
  examples: [
    'query --actor u_17 --outcome denied --from 24h',
    'query --q "card declined" --from 7d --format csv',
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
    const asked: [string, string][] = [
      ...filtersOf(args),
      ...textOf(args),
      ...times,
      ...tenant,
      ['order', order],
    ];
    const format = formatOf(args, desk);
    const count = await readAll(api, `/v1/events?${new URLSearchParams(asked)}`, most, format);
    if (count === 0) desk.out.note('There are no such events.');
    return 0;
  },
};

/** Page by page until there are enough; how many there were. */
async function readAll(api: Api, path: string, most: number, format: QueryFormat): Promise<number> {
  let count = 0;
  for (let next: string | undefined = path; next !== undefined && count < most; ) {
    const page = await api.get(withLimit(next, most - count), format.accept);
    count += format.show(page.bytes);
    next = page.next;
  }
  format.end();
  return count;
}

/** A page has no more than are wanted still: a cursor goes with any limit. */
function withLimit(path: string, wanted: number): string {
  const [route = '', query] = path.split('?');
  const params = new URLSearchParams(query);
  params.set('limit', String(Math.min(wanted, pageLimit)));
  return `${route}?${params}`;
}
