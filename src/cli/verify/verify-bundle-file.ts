import { readBundle } from '../../domain/bundle.ts';
import type { Chain } from '../../domain/chains.ts';
import type { Pins } from '../../domain/verdict.ts';
import {
  type BatchVerdict,
  type BundleSummary,
  BundleVerifier,
} from '../../domain/verify-bundle.ts';
import type { Output, Row } from '../output.ts';
import { sealedByService, verdictColumns, verdictRow } from './show-verdict.ts';
import { noneYet, type Tally } from './tally.ts';

/** Of what is not intact, people are shown so many; a program gets all. */
const shown = 20;

/** Verifies a bundle: a row for each event with `--json`, for people those only that are not intact. */
export async function verifyBundleFile(
  chunks: AsyncIterable<Buffer>,
  pins: Pins,
  out: Output,
  tally: Tally,
): Promise<void> {
  const verifier = new BundleVerifier(pins);
  const events = noneYet();
  const batches = noneYet();
  const notIntact: Row[] = [];
  let byService = 0;
  for await (const entry of readBundle(chunks)) {
    const batch = verifier.take(entry);
    if (batch === undefined) continue;
    batches[batch.verdict.kind] += 1;
    for (const { kind, place } of batch.events) {
      events[kind] += 1;
      if (place?.via === 'service') byService += 1;
    }
    const rows = rowsOf(batch);
    out.rows(rows, []);
    if (batch.verdict.kind !== 'intact' && notIntact.length < shown) notIntact.push(...rows);
  }
  const summary = verifier.finish();
  out.rows(summary.chains.map(chainRow), summary.chains.length === 0 ? [] : chainColumns);
  const whole = {
    file: summary.file.kind,
    ...(summary.file.kind === 'intact' ? {} : summary.file),
  };
  out.rows([{ ...whole, events, batches, tenant: summary.tenant, head: summary.head }], []);
  for (const row of notIntact.slice(0, shown))
    out.say(
      verdictColumns
        .map((name) => row[name])
        .filter(Boolean)
        .join('  '),
    );
  say(summary, batches, events, out);
  if (byService > 0) out.say(`${byService} event(s) ${sealedByService}.`);

  for (const kind of ['intact', 'incomplete', 'forged'] as const) tally[kind] += batches[kind];
  tally[summary.file.kind] += 1;
  if (summary.chains.some(isBroken)) tally.incomplete += 1;
}

/** A batch of which no event can be told is a row itself, unless it is intact: a last one has none. */
function rowsOf({ batch, verdict, events }: BatchVerdict): Row[] {
  if (events.length > 0 || verdict.kind === 'intact')
    return events.map((event) => verdictRow(event, batch));
  const { kind, ...rest } = verdict;
  return [{ verdict: kind, batch, ...rest }];
}

const chainColumns = ['client', 'producer', 'batches', 'first', 'last', 'gaps', 'forks', 'end'];

function chainRow({ isFinished, gaps, ...chain }: Chain): Row {
  return {
    ...chain,
    gaps: gaps.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`)),
    end: isFinished ? 'finished' : 'open',
  };
}

const isBroken = ({ gaps, forks }: Chain) => gaps.length > 0 || forks.length > 0;

function say(
  { head, tenant, chains, file, repeated }: BundleSummary,
  batches: Tally,
  events: Tally,
  out: Output,
): void {
  if (head !== undefined)
    out.say(
      `${tenant === undefined ? 'No grant in it holds' : `Tenant ${tenant}`}. It says: events from ${head.from} to ${head.to}, as of ${head.asOf}.`,
    );
  const total = batches.intact + batches.incomplete + batches.forged;
  out.say(
    `${total} batch(es): ${batches.intact} intact, ${batches.incomplete} incomplete, ${batches.forged} forged; ${events.intact} event(s) intact, ${events.incomplete} incomplete.`,
  );
  const broken = chains.filter(isBroken).length;
  out.say(
    broken === 0
      ? `${chains.length} producer(s), each without a gap between its first and last batch here.`
      : `${broken} of ${chains.length} producer(s) have gaps or forks: the file is incomplete.`,
  );
  if (repeated > 0) out.say(`${repeated} batch(es) are there more than once.`);
  if (file.kind !== 'intact') out.say(`The file is ${file.kind}: ${file.why}.`);
}
