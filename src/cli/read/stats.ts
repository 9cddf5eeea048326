import { z } from 'zod';
import type { Desk, DeskCommand } from '../command.ts';
import { Failure, UsageError } from '../failure.ts';
import type { Row } from '../output.ts';
import { type Api, openApi } from './api.ts';
import { filterOptions, filtersOf, rangeOptions, timeOption } from './filters.ts';
import { connectionOptions } from './profile.ts';

const dimensions = ['action', 'outcome', 'hour', 'day'] as const;
type Dimension = (typeof dimensions)[number];

const groupSchema = z.object({
  action: z.string().nullable().optional(),
  outcome: z.string().optional(),
  hour: z.string().optional(),
  day: z.string().optional(),
  count: z.number(),
});
type Group = z.infer<typeof groupSchema>;

const pageSchema = z.object({
  from: z.string(),
  to: z.string(),
  count: z.number(),
  faulty: z.number(),
  groups: z.array(groupSchema),
  reasons: z.array(z.object({ code: z.string(), count: z.number() })),
  next: z.string().nullable(),
});

export const stats: DeskCommand = {
  kind: 'desk',
  name: 'stats',
  summary: 'count events by action, outcome, hour or day: bars on a terminal, JSON in a pipe',
  options: {
    by: {
      value: 'WHAT',
      repeated: true,
      help: 'action (the default), outcome, hour or day; three at most',
    },
    exact: { help: 'read whole batches wherever their summaries leave a doubt' },
    ...filterOptions,
    ...rangeOptions,
    ...connectionOptions,
  },
  about: [
    'From the counts that are kept with each batch, without reading events; hours and days are UTC. Where that cannot be exact it says so, with the reason and how many events it is about. In a pipe, or with --json, one JSON object.',
  ],
  examples: [
    'stats --from 7d --by day',
    'stats --by action --by outcome --from 24h',
    'stats --by hour --outcome denied --from 2026-10-01 --to 2026-10-02 --exact --json',
  ],
  async work(args, desk) {
    const by = dimensionsOf(args.texts('by'));
    const now = desk.now();
    const api = await openApi(args, desk);
    const asked = new URLSearchParams([
      ...by.map((name): [string, string] => ['by', name]),
      ...filtersOf(args),
    ]);
    for (const name of ['from', 'to'] as const) {
      const time = timeOption(args, name, now);
      if (time !== undefined) asked.set(name, time);
    }
    if (args.flag('exact')) asked.set('exact', 'true');
    if (api.tenant !== undefined) asked.set('tenant', api.tenant);
    const { groups, ...totals } = await countAll(api, asked);
    const ordered = by.some(isTime)
      ? groups.sort(byTime)
      : groups.sort((a, b) => b.count - a.count);
    if (desk.stdout.isTTY === true && !args.flag('json')) show(ordered, by, totals, desk);
    else desk.stdout.write(`${JSON.stringify({ ...totals, by, groups: ordered })}\n`);
    return 0;
  },
};

function dimensionsOf(values: readonly string[]): Dimension[] {
  if (values.length === 0) return ['action'];
  const by = dimensions.filter((name) => values.includes(name));
  if (by.length < values.length || by.length > 3)
    throw new UsageError(`--by is one to three of ${dimensions.join(', ')}, each once`);
  return by;
}

/** Page by page, added up: each batch is counted in one of them. */
async function countAll(api: Api, asked: URLSearchParams) {
  const groups = new Map<string, Group>();
  const reasons = new Map<string, number>();
  const sum = { count: 0, faulty: 0 };
  for (let cursor: string | null = ''; cursor !== null; ) {
    if (cursor !== '') asked.set('cursor', cursor);
    const { bytes } = await api.get(`/v1/stats?${asked}`);
    const page = pageSchema.safeParse(JSON.parse(bytes.toString()));
    if (!page.success) throw new Failure('the answer is of another version of the API');
    const { data } = page;
    sum.count += data.count;
    sum.faulty += data.faulty;
    for (const { count, ...group } of data.groups) {
      const key = JSON.stringify(group);
      groups.set(key, { ...group, count: (groups.get(key)?.count ?? 0) + count });
    }
    for (const { code, count } of data.reasons) reasons.set(code, (reasons.get(code) ?? 0) + count);
    cursor = data.next;
  }
  return {
    ...sum,
    approximate: reasons.size > 0,
    reasons: [...reasons].map(([code, count]) => ({ code, count })),
    groups: [...groups.values()],
  };
}

const isTime = (name: Dimension) => name === 'hour' || name === 'day';
const timeIn = ({ hour, day }: Group) => hour ?? day ?? '';
const byTime = (a: Group, b: Group) =>
  timeIn(a) === timeIn(b) ? b.count - a.count : timeIn(a) < timeIn(b) ? -1 : 1;

/** Columns of the longest bar. */
const width = 30;
/** So many are shown to people; a program gets all. */
const shown = 100;

function show(
  groups: readonly Group[],
  by: readonly Dimension[],
  { count, faulty, reasons }: Omit<Awaited<ReturnType<typeof countAll>>, 'groups'>,
  { out }: Desk,
): void {
  const most = Math.max(...groups.slice(0, shown).map((group) => group.count));
  const rows = groups.slice(0, shown).map(
    (group): Row => ({
      ...group,
      action: group.action === null ? '(other)' : group.action,
      hour: group.hour?.slice(0, 13).replace('T', ' '),
      day: group.day?.slice(0, 10),
      ' ': '#'.repeat(Math.max(1, Math.round((group.count / most) * width))),
    }),
  );
  out.rows(rows, [...by, 'count', ' ']);
  const left = groups.length - rows.length;
  if (left > 0)
    out.say(`${left.toLocaleString('en-US')} more groups are not shown: --json has all.`);
  const lines = faulty > 0 ? `, and ${faulty} line(s) that are no valid event` : '';
  out.say(`${count.toLocaleString('en-US')} event(s)${lines}.`);
  if (reasons.length > 0)
    out.say(`Approximate: ${reasons.map((each) => `${each.code} (${each.count})`).join(', ')}.`);
}
