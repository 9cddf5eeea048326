import { describeError, type Log } from '../lambda/log.ts';
import { doneOf, type Entry, type Outcome } from './entry.ts';
import { faultOf } from './grant-usage.ts';
import type { Quarantine } from './quarantine.ts';
import { type PutObject, type SetAside, setAside } from './set-aside.ts';

interface PutAsideOptions {
  /** Takes what can never be accepted. */
  readonly quarantine: Quarantine;
  /** Takes what may be accepted later. */
  readonly redrive: PutObject;
  readonly log: Log;
}

/**
 * Puts aside what lies before the first undone record; what lies behind it will be seen again. What could not be put
 * aside is undone.
 */
export async function putAside(
  entries: readonly Entry[],
  options: PutAsideOptions,
): Promise<readonly Entry[]> {
  // The throttled ones are still put aside where they lie before poison that could not be.
  const all = await keepThrottled(await keepPoison(entries, options), options);
  count(doneOf(all), options.log);
  return all;
}

type Poison = Extract<Outcome, { kind: 'poison' }>;

async function keepPoison(
  entries: readonly Entry[],
  { quarantine, log }: PutAsideOptions,
): Promise<readonly Entry[]> {
  const poisoned = doneOf(entries).filter(({ outcome }) => outcome.kind === 'poison');
  const kept = await quarantine(
    poisoned.map(({ outcome }) => (outcome as Poison).why),
    (error) => log.error('poison records could not be put aside', describeError(error)),
  );
  const fates = new Map(poisoned.map((entry, i) => [entry, kept[i] ?? 'failed']));
  return entries.map((entry) => {
    const fate = fates.get(entry);
    if (fate === undefined || entry.outcome.kind !== 'poison') return entry;
    if (fate === 'failed') return { ...entry, outcome: { kind: 'undone' } };
    if (fate === 'present') return { ...entry, outcome: { ...entry.outcome, isRepeat: true } };
    const sent = entry.grant && faultOf(entry.outcome.why, entry.grant);
    return sent === undefined ? entry : { ...entry, sent };
  });
}

async function keepThrottled(
  entries: readonly Entry[],
  { redrive, log }: PutAsideOptions,
): Promise<readonly Entry[]> {
  const records = doneOf(entries).flatMap(({ outcome }) =>
    outcome.kind === 'throttled' ? [outcome.why] : [],
  );
  try {
    await setAside(records, redrive);
    return entries;
  } catch (error) {
    log.error('throttled records could not be put aside', describeError(error));
    return entries.map((entry) =>
      entry.outcome.kind === 'throttled' ? { ...entry, outcome: { kind: 'undone' } } : entry,
    );
  }
}

function count(entries: readonly Entry[], log: Log): void {
  const of = (wanted: Outcome['kind']) =>
    entries.flatMap(({ outcome }) =>
      outcome.kind === wanted && 'why' in outcome ? [outcome.why] : [],
    );
  countAs('Quarantined', of('poison'), log);
  countAs('Throttled', of('throttled'), log);
  const repeats = entries.filter(({ outcome }) => outcome.kind === 'poison' && outcome.isRepeat);
  if (repeats.length > 0) log.count('QuarantineRepeats', repeats.length);
}

function countAs(
  metric: 'Quarantined' | 'Throttled',
  records: readonly SetAside[],
  log: Log,
): void {
  for (const [code, group] of Map.groupBy(records, (record) => record.code)) {
    log.count(metric, group.length, code);
    log.warn('records put aside', {
      code,
      count: group.length,
      first: group[0]?.arrived.sequenceNumber,
    });
    if (code === 'version-unknown') log.count('UnknownVersion', group.length);
  }
}
