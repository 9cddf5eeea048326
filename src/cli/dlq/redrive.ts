import { audited } from '../audited.ts';
import type { Command } from '../command.ts';
import { Failure } from '../failure.ts';
import type { Args } from '../read-args.ts';
import type { Session } from '../session.ts';
import { createDeadLetters, type DeadObject } from './dead-letters.ts';
import { forgetNotices } from './forget-notices.ts';
import type { Letter } from './letter.ts';
import { type Fate, redriveLetters } from './redrive-letters.ts';
import { requireChoice, type Selected, select, selectOptions } from './select.ts';
import { stoppedLetters } from './stopped-letters.ts';

/** Of one invocation: what the consumer gets from the stream too, with room to the 6 MB that Lambda takes. */
const maxRecords = 100;
const maxBytes = 4 * 1024 * 1024;

export const redriveDeadLetters: Command = {
  name: 'dlq redrive',
  summary: 'try again to store them, by their original arrival',
  options: {
    ...selectOptions,
    all: { help: 'everything' },
    'dry-run': { help: 'count what would be redriven, and change nothing' },
  },
  about: [
    'The records are handed to the consumer itself, not put on the stream again: each keeps the arrival that Kinesis gave it, so that a grant which held then still counts. What was stored meanwhile is not stored twice.',
    'One that fails again comes back to the buckets with its attempts counted; one that could not be tried stays where it is, and the exit code is 1.',
    'What came after its grant was stopped for its quota (`grant-stopped`) is stored by this, unless the grant was revoked. If the API key that the grant was issued for was revoked, it is refused and stays where it is.',
  ],
  examples: [
    'dlq redrive --reason given-up',
    'dlq redrive --reason throttled --older-than 15m',
    'dlq redrive --reason grant-stopped --newer-than 2h',
    'dlq redrive --all --dry-run',
  ],
  async run(args, session) {
    requireChoice(args);
    const { out } = session;
    if (args.flag('dry-run')) {
      const reasons = new Map<string, number>();
      for await (const { letters } of select(args, session))
        for (const { code } of letters) add(reasons, code);
      out.rows(rowsOf(reasons), ['reason', 'count']);
      out.say('Nothing was changed.');
      return;
    }
    const counts = await audited(
      session,
      {
        action: 'deadletter.redrive',
        targets: [{ type: 'dead-letters', id: choiceOf(args).slice(0, 512) }],
      },
      async () => {
        const done = await redriveAll(select(args, session), session);
        return { value: done, metadata: { ...done.counts } };
      },
    );
    report(counts, session);
    await forgetNotices(session);
    const { untouched, refused } = counts.counts;
    if (untouched > 0)
      throw new Failure(`${untouched} could not be tried and stay where they are: ${counts.why}`);
    if (refused > 0)
      throw new Failure(
        `${refused} stay where they are: they came after their grant was stopped, and the API key that it was issued for was revoked`,
      );
  },
};

/** The selection in the words that it was made with. */
function choiceOf(args: Args): string {
  const many = ['reason', 'id'].flatMap((name) => args.texts(name).map((text) => [name, text]));
  const single = ['older-than', 'newer-than'].map((name) => [name, args.text(name)]);
  const given = [...many, ...single].filter(([, text]) => text !== undefined);
  return given.map(([name, text]) => `--${name} ${text}`).join(' ') || '--all';
}

interface Redriven {
  readonly counts: { stored: number; putAside: number; untouched: number; refused: number };
  /** Of those put aside again. */
  readonly codes: Map<string, number>;
  why: string;
}

/** Goes through what is selected in invocations' portions, and takes out of its object what is done. */
async function redriveAll(selected: AsyncIterable<Selected>, session: Session): Promise<Redriven> {
  const result: Redriven = {
    counts: { stored: 0, putAside: 0, untouched: 0, refused: 0 },
    codes: new Map(),
    why: '',
  };
  const deadLetters = createDeadLetters(session);
  const mayStore = stoppedLetters(session);
  let portion: { readonly object: DeadObject; readonly letter: Letter }[] = [];
  let bytes = 0;

  /** False if none of the portion could be tried: then the next would fare no better. */
  async function flush(): Promise<boolean> {
    const letters = portion.map(({ letter }) => letter);
    const may = await mayStore(letters);
    const tried = letters.filter((_, i) => may[i]);
    result.counts.refused += letters.length - tried.length;
    const fates =
      tried.length === 0 ? new Map<Letter, Fate>() : await redriveLetters(tried, session);
    for (const [object, entries] of Map.groupBy(portion, (entry) => entry.object)) {
      const gone = entries
        .map(({ letter }) => letter)
        .filter((letter) => fates.has(letter) && fates.get(letter)?.kind !== 'untouched');
      if (gone.length > 0) await takeOut(object, gone);
    }
    for (const fate of fates.values()) {
      if (fate.kind === 'stored') result.counts.stored += 1;
      else if (fate.kind === 'put-aside') {
        result.counts.putAside += 1;
        add(result.codes, fate.code);
      } else {
        result.counts.untouched += 1;
        result.why = fate.why;
      }
    }
    portion = [];
    bytes = 0;
    const { stored, putAside, untouched } = result.counts;
    session.out.progress(
      `redriven ${stored + putAside + untouched}: ${stored} stored, ${putAside} came back, ${untouched} not tried`,
    );
    return fates.size === 0 || [...fates.values()].some(({ kind }) => kind !== 'untouched');
  }

  /** Letters taken out so far, since an object may be spread over several portions. */
  const taken = new Map<DeadObject, Set<Letter>>();
  async function takeOut(object: DeadObject, gone: readonly Letter[]): Promise<void> {
    const all = taken.get(object) ?? new Set<Letter>();
    taken.set(object, all);
    for (const letter of gone) all.add(letter);
    await deadLetters.remove(object, all);
  }

  for await (const { object, letters } of selected) {
    for (const letter of letters) {
      const size = Math.ceil(letter.data.length / 3) * 4 + 600;
      if (portion.length === maxRecords || bytes + size > maxBytes)
        if (!(await flush())) return { ...result, why: `${result.why}; the rest was not tried` };
      portion.push({ object, letter });
      bytes += size;
    }
  }
  if (portion.length > 0) await flush();
  return result;
}

function report({ counts, codes }: Redriven, { out }: Session): void {
  const rows = [
    { outcome: 'stored', count: counts.stored },
    ...[...codes].map(([reason, count]) => ({ outcome: 'came back', reason, count })),
    ...(counts.refused > 0
      ? [{ outcome: 'refused', reason: 'key-revoked', count: counts.refused }]
      : []),
    ...(counts.untouched > 0 ? [{ outcome: 'not tried', count: counts.untouched }] : []),
  ];
  out.rows(rows, ['outcome', 'reason', 'count']);
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function rowsOf(counts: ReadonlyMap<string, number>) {
  return [...counts]
    .map(([reason, count]) => ({ reason, count }))
    .sort((a, b) => b.count - a.count);
}
