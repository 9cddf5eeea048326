import { toTime } from '../../domain/encoding.ts';
import type { DeskCommand } from '../command.ts';
import { Failure, UsageError } from '../failure.ts';
import { openApi } from '../read/api.ts';
import {
  filterOptions,
  filtersOf,
  rangeOptions,
  textOf,
  textOption,
  timeOption,
} from '../read/filters.ts';
import { connectionOptions } from '../read/profile.ts';
import { incomplete } from '../read/query.ts';
import { batchPages } from './batch-pages.ts';
import { eventPages } from './event-pages.ts';
import { showProgress } from './progress.ts';
import { openResumable } from './resumable-file.ts';

export const exportLog: DeskCommand = {
  kind: 'desk',
  name: 'export',
  summary: 'write a range of a log into a file, that can be gone on with if broken off',
  options: {
    out: { value: 'FILE', help: 'the file to write (FILE.state beside it until it is done)' },
    proofs: {
      help: 'whole sealed batches with their grants, a bundle for `verify`, instead of event lines',
    },
    ...rangeOptions,
    ...filterOptions,
    ...textOption,
    ...connectionOptions,
  },
  about: [
    'Without --proofs: NDJSON, oldest first, the exact bytes of each event. With --proofs: a bundle, which proves every event in it and each producer’s chain, offline (src/domain/FORMAT.md, section 9). A batch is whole or not at all, so a bundle has no filters, and holds some events beside its range.',
    'Broken off or killed, start it again with the same options: it goes on where it was, and the file has the same bytes as if it had never stopped. Without --proofs that must be within a day. What is stored while it runs, with a time that it has gone past, is not in it.',
    'Exit code 3 if batches are left out since they are not what was sealed: lines name them; a bundle says at its end that there were more, so that `verify` calls it incomplete.',
  ],
  examples: [
    'export --from 2026-10-01 --to 2026-11-01 --out october.ndjson',
    'export --from 2026-10-01 --to 2026-11-01 --proofs --out october.bundle --tenant acme --profile prod',
  ],
  async work(args, desk) {
    const out = args.text('out');
    if (out === undefined) throw new UsageError('--out FILE is needed');
    const filters = [...filtersOf(args), ...textOf(args)];
    const proofs = args.flag('proofs');
    if (proofs && filters.length > 0)
      throw new UsageError('a bundle holds whole batches: --proofs goes with no filter');
    const { url, tenant, get } = await openApi(args, desk);
    const said = [args.text('from') ?? null, args.text('to') ?? null];
    const question = JSON.stringify([url, tenant ?? null, said, filters, proofs]);
    timeOption(args, 'from', desk.now());

    const file = await openResumable(out, question, desk.now());
    const { began, next } = file.state;
    const from = timeOption(args, 'from', began) ?? toTime(0);
    const to = timeOption(args, 'to', began) ?? toTime(began);
    const { events, batches, holes } = file.state;
    const totals = { events, batches, holes };
    const grants = new Set(file.state.grants);
    const asked = { get, tenant, from, to, began, filters, grants, next };
    try {
      for await (const page of proofs ? batchPages(asked) : eventPages(asked)) {
        totals.events += page.events;
        totals.batches += page.batches;
        totals.holes += page.holes;
        if (page.next === undefined) {
          await file.finish(Buffer.concat([page.bytes, page.end(totals)]));
          break;
        }
        const state = { v: 1 as const, question, began, next: page.next, ...totals };
        await file.append(page.bytes, { ...state, grants: [...grants] });
        showProgress({ from, to, at: page.at, ...totals }, desk.out);
      }
    } catch (error) {
      if (!desk.signal.aborted) throw error;
      throw new Failure('broken off: start it again with the same options to go on');
    } finally {
      await file.close();
    }
    desk.out.rows([{ file: out, ...totals }], ['file', 'events', ...(proofs ? ['batches'] : [])]);
    if (totals.holes > 0) desk.out.note(incomplete(totals.holes));
    return totals.holes > 0 ? 3 : 0;
  },
};
