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
    faulty: { help: 'only lines that are no valid event; goes with no filter' },
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
    'Different filters are combined with AND, repeated ones with OR. In a pipe, or with --json, each line is the exact bytes that were sealed; a line that is no valid event comes as {"sealtrail": …}, which a filter leaves out. Exit code 3 if batches are missing since they are not what was sealed: they are named.',
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
      ...(args.flag('faulty') ? [['faulty', 'true'] satisfies [string, string]] : []),
      ...times,
      ...tenant,
      ['order', order],
    ];
    const format = formatOf(args, desk);
    const path = `/v1/events?${new URLSearchParams(asked)}`;
    const { events, holes, isFaultyLeftOut } = await readAll(api, path, most, format);
    if (events === 0) desk.out.note('There are no such events.');
    if (isFaultyLeftOut)
      desk.out.note('Lines that are no valid event may be there too: --faulty shows them.');
    if (holes > 0) desk.out.note(incomplete(holes));
    return holes > 0 ? 3 : 0;
  },
};

/** What is said wherever something is missing. */
export function incomplete(holes: number): string {
  return `This is not complete: ${holes} batch(es) are not what was sealed, and are left out. Tell the operator.`;
}

/** Page by page until there are enough. */
async function readAll(api: Api, path: string, most: number, format: QueryFormat) {
  const all = { events: 0, holes: 0, isFaultyLeftOut: false };
  for (let next: string | undefined = path; next !== undefined && all.events < most; ) {
    const page = await api.get(withLimit(next, most - all.events), format.accept);
    const shown = format.show(page.bytes);
    all.events += shown.events;
    all.holes += shown.holes;
    all.isFaultyLeftOut ||= page.isFaultyLeftOut;
    next = page.next;
  }
  format.end();
  return all;
}

/** A page has no more than are wanted still: a cursor goes with any limit. */
function withLimit(path: string, wanted: number): string {
  const [route = '', query] = path.split('?');
  const params = new URLSearchParams(query);
  params.set('limit', String(Math.min(wanted, pageLimit)));
  return `${route}?${params}`;
}
