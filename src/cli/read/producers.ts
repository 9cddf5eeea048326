import { z } from 'zod';
import type { DeskCommand } from '../command.ts';
import { Failure } from '../failure.ts';
import { openApi } from './api.ts';
import { connectionOptions } from './profile.ts';

const run = z.looseObject({
  from: z.number(),
  to: z.number(),
  acknowledged: z.looseObject({ why: z.string() }).optional(),
});
/** What is shown of a page; there may be more in it. */
const pageSchema = z.object({
  producers: z.array(
    z.looseObject({
      client: z.string(),
      producer: z.string(),
      status: z.string(),
      head: z.looseObject({ seq: z.number() }).nullable(),
      gaps: z.array(run),
      forks: z.array(z.number()),
      lastSeen: z.string(),
    }),
  ),
  untold: z
    .array(
      z.object({ client: z.string(), producer: z.string(), seq: z.number(), batch: z.string() }),
    )
    .default([]),
  unreadable: z.array(z.object({ client: z.string(), producer: z.string() })).default([]),
  next: z.string().optional(),
});

export const producers: DeskCommand = {
  kind: 'desk',
  name: 'producers',
  summary: 'who writes the log: last seen, what is missing and what is doubled',
  options: {
    broken: { help: 'only those with forks, or gaps that nobody has acknowledged' },
    check: {
      help: 'exit code 1 if there are any such, or batches that the feed has not told of, for scripts',
    },
    ...connectionOptions,
  },
  about: [
    'As the auditor saw it a minute or two ago. `head` is the last batch up to which nothing is missing; a gap may still be filled by a producer that has been offline.',
  ],
  examples: [
    'producers',
    'producers --broken --check --json',
    'producers --tenant acme --profile prod',
  ],
  async work(args, { out, ...desk }) {
    const api = await openApi(args, { out, ...desk });
    const named = api.tenant === undefined ? '' : `&tenant=${api.tenant}`;
    const rows: z.infer<typeof pageSchema>['producers'] = [];
    let untold = 0;
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const at: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const { bytes } = await api.get(`/v1/producers?limit=1000${named}${at}`);
      const page = pageSchema.safeParse(JSON.parse(bytes.toString()));
      if (!page.success) throw new Failure('the answer is of another version of the API');
      rows.push(...page.data.producers);
      for (const { client, seq, batch } of page.data.untold)
        out.note(`stored, but the feed has not told of it: number ${seq} of ${client}, ${batch}`);
      for (const { client, producer } of page.data.unreadable)
        out.note(`the auditor’s row cannot be read: ${producer} of ${client}`);
      untold += page.data.untold.length + page.data.unreadable.length;
      cursor = page.data.next;
    }
    const isBroken = ({ gaps, forks }: (typeof rows)[number]) =>
      forks.length > 0 || gaps.some(({ acknowledged }) => acknowledged === undefined);
    const shown = args.flag('broken') ? rows.filter(isBroken) : rows;
    out.rows(args.flag('json') ? shown : shown.map(tableRow), [
      'client',
      'producer',
      'status',
      'head',
      'gaps',
      'forks',
      'lastSeen',
    ]);
    if (shown.length === 0) out.say('There are no such producers.');
    return args.flag('check') && (untold > 0 || rows.some(isBroken)) ? 1 : 0;
  },
};

function tableRow({ head, gaps, ...rest }: z.infer<typeof pageSchema>['producers'][number]) {
  return {
    ...rest,
    head: head?.seq,
    gaps: gaps.map(({ from, to, acknowledged }) => {
      const known = acknowledged === undefined ? '' : ' (acknowledged)';
      return `${from === to ? from : `${from}-${to}`}${known}`;
    }),
  };
}
