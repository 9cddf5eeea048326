import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { readBundle } from '../../domain/bundle.ts';
import { fromTime, toTime } from '../../domain/encoding.ts';
import { limits } from '../../domain/limits.ts';
import { parseRecord } from '../../domain/manifest.ts';
import { type OpenedLine, openRecord } from '../../domain/open.ts';
import { clause, type Filter, matches } from '../../domain/query.ts';
import type { DeskCommand } from '../command.ts';
import { Failure } from '../failure.ts';
import { type Api, openApi } from './api.ts';
import { filterOptions, filtersOf, timeOption } from './filters.ts';
import { connectionOptions } from './profile.ts';
import { exactLine, tailLine } from './tail-line.ts';

const feedSchema = z.object({
  batches: z.array(
    z.object({ to: z.string(), id: z.string(), shard: z.number(), count: z.number() }),
  ),
  next: z.string(),
});
type FeedBatch = z.infer<typeof feedSchema>['batches'][number];

/** Batches that the API gives at once. */
const atOnce = 15;
/** The feed names a batch at least once: so many are remembered. */
const remembered = 10_000;

export const tail: DeskCommand = {
  kind: 'desk',
  name: 'tail',
  summary: 'show events as they are stored, until Ctrl-C',
  options: {
    ...filterOptions,
    since: { value: 'TIME', help: 'begin with what was stored at this time, or so long ago: 10m' },
    every: { value: 'SECONDS', help: 'ask so often (default 2)' },
    ...connectionOptions,
  },
  about: [
    'In the order in which events were stored, so what arrives days late is seen too. The feed is half a minute behind, for nothing to be missed in it. On a terminal a coloured line an event (NO_COLOR turns colours off); in a pipe, or with --json, the exact bytes that were sealed.',
  ],
  examples: ['tail', 'tail --outcome denied --outcome failure', 'tail --since 10m --profile prod'],
  async work(args, desk) {
    const filter = filterOf(filtersOf(args));
    const everyMs = (args.whole('every', 3600) ?? 2) * 1000;
    const now = desk.now();
    const api = await openApi(args, desk);
    const named = api.tenant === undefined ? '' : `&tenant=${api.tenant}`;
    const asLines = desk.stdout.isTTY !== true || args.flag('json');
    const show = asLines ? exactLine(desk) : tailLine(desk);
    const seen = new Set<string>();
    let from = `since=${timeOption(args, 'since', now) ?? toTime(now)}`;
    while (!desk.signal.aborted) {
      try {
        const { batches, next } = await feedPage(api, `${from}${named}`);
        const fresh = batches.filter(({ id, count }) => count > 0 && !seen.has(id));
        for (let at = 0; at < fresh.length; at += atOnce) {
          const { lines, holes } = await linesOf(api, fresh.slice(at, at + atOnce), named, filter);
          for (const name of holes)
            desk.out.note(`${name} is not what was sealed: what it held is missing here`);
          desk.stdout.write(lines.map((line) => `${show(line)}\n`).join(''));
        }
        remember(seen, batches);
        from = `cursor=${encodeURIComponent(next)}`;
        if (batches.length === 0) await sleep(everyMs, undefined, { signal: desk.signal });
      } catch (error) {
        if (!desk.signal.aborted) throw error;
      }
    }
    return 0;
  },
};

/** The filters as the API has them: alternatives of one name together. */
function filterOf(filters: readonly (readonly [string, string])[]): Filter {
  const names = [...new Set(filters.map(([name]) => name))];
  return names.map((wanted) => {
    const values = filters.filter(([name]) => name === wanted).map(([, value]) => value);
    return clause(wanted, values) ?? [];
  });
}

async function feedPage(api: Api, query: string) {
  const { bytes } = await api.get(`/v1/feed?limit=100&${query}`);
  const page = feedSchema.safeParse(JSON.parse(bytes.toString()));
  if (!page.success) throw new Failure('the answer is of another version of the API');
  return page.data;
}

/** The events of these batches that match, in the order of their time. */
async function linesOf(
  api: Api,
  batches: readonly FeedBatch[],
  named: string,
  filter: Filter,
): Promise<{ readonly lines: readonly OpenedLine[]; readonly holes: readonly string[] }> {
  const names = batches.map(
    ({ to, id, shard }) => `batch=${encodeURIComponent(`${to}#${id}#${shard}`)}`,
  );
  const { bytes, holes } = await api.get(`/v1/batches?${names.join('&')}${named}`);
  const found: OpenedLine[] = [];
  for await (const entry of readBundle(once(bytes))) {
    if (entry.kind === 'broken') throw new Failure('the API gave batches that are none');
    if (entry.kind !== 'batch') continue;
    const arrival = fromTime(entry.batch.arrival) ?? 0;
    for (const line of openRecord(parseRecord(entry.batch.record))) {
      const isLate = arrival - line.time > limits.lateMs;
      // What a faulty line would match cannot be known: a filter leaves it out, as the API does.
      const isShown =
        line.kind === 'faulty' ? filter.length === 0 : matches(filter, line.event, isLate);
      if (isShown) found.push(line);
    }
  }
  return { lines: found.sort((a, b) => (a.id < b.id ? -1 : 1)), holes };
}

function remember(seen: Set<string>, batches: readonly FeedBatch[]): void {
  for (const { id } of batches) seen.add(id);
  for (const id of seen) {
    if (seen.size <= remembered) return;
    seen.delete(id);
  }
}

async function* once(bytes: Buffer) {
  yield bytes;
}
