import { setImmediate } from 'node:timers/promises';
import { SealtrailError } from '../domain/error.ts';
import { parseRecord, type SealedRecord } from '../domain/manifest.ts';
import { describeError, type Log } from '../lambda/log.ts';
import type { KnownGrant } from '../lambda/verified-grants.ts';
import type { BatchWriter, InsertOutcome, StoredBatch } from '../store/batch-store.ts';
import { type Arrived, arrived } from './arrived.ts';
import { checkRecord } from './check-record.ts';
import type { CountUsage, Sent } from './grant-usage.ts';
import { type PutObject, type SetAside, setAside } from './quarantine.ts';
import type { RedriveEvent, RedriveResponse } from './redrive.ts';

export interface ConsumeOptions {
  readonly writer: BatchWriter;
  readonly grants: (ids: Iterable<string>) => Promise<ReadonlyMap<string, KnownGrant>>;
  /** Takes what can never be accepted. */
  readonly quarantine: PutObject;
  /** Takes what may be accepted later. */
  readonly redrive: PutObject;
  readonly usage: CountUsage;
  readonly log: Log;
}

export interface Invocation {
  readonly id: string;
  /** Aborted when what is left of the function's time is only enough to answer. */
  readonly signal: AbortSignal;
  /** Aborted when what is left is only enough to store what was checked. @default `signal` */
  readonly checking?: AbortSignal;
}

/** What became of one record: `undone` ones are handed to us again by the event source mapping. */
type Outcome =
  | { readonly kind: 'batch'; readonly batch: StoredBatch }
  | { readonly kind: 'poison'; readonly why: SetAside }
  | { readonly kind: 'throttled'; readonly why: SetAside }
  | { readonly kind: 'undone' };

/**
 * Stores the batches of one invocation. Answers the first record that is not done: that one and all
 * behind it come again, which changes nothing for those that are stored.
 */
export async function consume(
  event: RedriveEvent,
  invocation: Invocation,
  options: ConsumeOptions,
): Promise<RedriveResponse> {
  const { Records, redriven } = event;
  const records = Records.map((record, i) => arrived(record, redriven?.[i]));
  const checked = await check(records, invocation, options);
  const stored = await store(checked, invocation, options);
  const outcomes = await putAside(stored, options);
  const undone = outcomes.findIndex(({ kind }) => kind === 'undone');
  // What comes again is counted then; what an operator brings again was counted when it came.
  const done = undone === -1 ? checked : checked.slice(0, undone);
  if (redriven === undefined) await options.usage(sentIn(done), invocation);
  const first = records[undone];
  return {
    batchItemFailures: first === undefined ? [] : [{ itemIdentifier: first.sequenceNumber }],
    ...(redriven && { putAside: putAsideAmong(outcomes) }),
  };
}

function putAsideAmong(outcomes: readonly Outcome[]): RedriveResponse['putAside'] & object {
  const undone = outcomes.findIndex(({ kind }) => kind === 'undone');
  return outcomes
    .slice(0, undone === -1 ? outcomes.length : undone)
    .flatMap((outcome) =>
      'why' in outcome
        ? [{ itemIdentifier: outcome.why.arrived.sequenceNumber, code: outcome.why.code }]
        : [],
    );
}

function sentIn(entries: readonly Entry[]): Sent[] {
  return entries.flatMap(({ arrived: { data }, outcome, grant }) => {
    if (grant === undefined) return [];
    const faults = outcome.kind === 'batch' ? outcome.batch.faults.length : 1;
    return [{ grant, bytes: data.length, faults }];
  });
}

/**
 * Parses all, looks their grants up in one call, then checks each. A record may take half a second: those that are not
 * reached in time are undone, and come again.
 */
async function check(
  records: readonly Arrived[],
  { signal, checking = signal }: Invocation,
  { grants, log }: ConsumeOptions,
): Promise<Entry[]> {
  const parsed = records.map((record) => ({
    arrived: record,
    parsed: attempt(() => parseRecord(record.data)),
  }));
  const ids = parsed.flatMap(({ parsed: result }) => (result.ok ? [result.value.grantId] : []));
  let known: ReadonlyMap<string, KnownGrant>;
  try {
    known = ids.length === 0 ? new Map() : await grants(ids);
  } catch (error) {
    log.error('grants could not be looked up', describeError(error));
    return records.map(undone);
  }
  const entries: Entry[] = [];
  for (const { arrived: record, parsed: result } of parsed) {
    // A turn of the event loop, without which no timer could abort anything.
    await setImmediate();
    if (checking.aborted) break;
    entries.push(entryOf(record, result, known));
  }
  const rest = records.slice(entries.length);
  if (rest.length > 0) log.warn('records were not reached in time', { records: rest.length });
  return [...entries, ...rest.map(undone)];
}

function undone(record: Arrived): Entry {
  return { arrived: record, outcome: { kind: 'undone' }, grant: undefined };
}

type Attempt<T> = { ok: true; value: T } | { ok: false; error: SealtrailError };

/** A poison error is an outcome; any other is a fault of ours and fails the invocation. */
function attempt<T>(run: () => T): Attempt<T> {
  try {
    return { ok: true, value: run() };
  } catch (error) {
    if (error instanceof SealtrailError && error.kind === 'poison') return { ok: false, error };
    throw error;
  }
}

/** What is known of a record, and under whose grant it was signed, as far as that is proved. */
interface Entry {
  readonly arrived: Arrived;
  readonly outcome: Outcome;
  readonly grant: KnownGrant | undefined;
}

function entryOf(
  record: Arrived,
  parsed: Attempt<SealedRecord>,
  known: ReadonlyMap<string, KnownGrant>,
): Entry {
  if (!parsed.ok) return poison(record, parsed.error, undefined);
  const grant = known.get(parsed.value.grantId);
  const checked = attempt(() => checkRecord(record, parsed.value, grant));
  return checked.ok
    ? { arrived: record, outcome: { kind: 'batch', batch: checked.value }, grant }
    : poison(record, checked.error, unproved.has(checked.error.code) ? undefined : grant);
}

/** Codes that are thrown before the signature was found to hold: nothing proves whose record it is. */
const unproved = new Set<string>(['grant-unknown', 'grant-revoked', 'signature-invalid']);

function poison(
  record: Arrived,
  { code, message }: SealtrailError,
  grant: KnownGrant | undefined,
): Entry {
  const why = { arrived: record, code, reason: message, tenant: grant?.tenant };
  return { arrived: record, outcome: { kind: 'poison', why }, grant };
}

/** Calendar, then batches, then feed: a reader never meets a batch on a day that it cannot find. */
async function store(
  entries: readonly Entry[],
  invocation: Invocation,
  options: ConsumeOptions,
): Promise<readonly Entry[]> {
  const { log } = options;
  const batches = entries.flatMap(({ outcome }) =>
    outcome.kind === 'batch' ? [outcome.batch] : [],
  );
  if (batches.length === 0) return entries;
  const settled = await storeBatches(batches, invocation, options);
  const failed = batches.filter((batch) => settled.get(batch) === 'failed').length;
  if (failed > 0) log.error('batches could not be stored', { batches: failed });
  return entries.map((entry) => {
    const { arrived: record, outcome } = entry;
    const how = outcome.kind === 'batch' ? settled.get(outcome.batch) : 'stored';
    if (outcome.kind !== 'batch' || how === 'stored') return entry;
    return {
      ...entry,
      outcome: how === 'throttled' ? throttled(record, outcome.batch) : { kind: 'undone' },
    };
  });
}

/** Each step goes on with what the one before it stored, so that no tenant waits for another's partition. */
async function storeBatches(
  batches: readonly StoredBatch[],
  { id, signal }: Invocation,
  { writer, log }: ConsumeOptions,
): Promise<ReadonlyMap<StoredBatch, InsertOutcome>> {
  const settled = new Map(batches.map((batch): [StoredBatch, InsertOutcome] => [batch, 'failed']));
  const steps = [
    (open: readonly StoredBatch[]) => writer.noteDays(open, signal),
    (open: readonly StoredBatch[]) => writer.insert(open, signal),
    (open: readonly StoredBatch[]) => writer.appendFeed(open, id, signal),
  ];
  let open = batches;
  try {
    for (const step of steps) {
      if (open.length === 0) break;
      const outcomes = await step(open);
      for (const [i, batch] of open.entries()) settled.set(batch, outcomes[i] ?? 'failed');
      const done = open.filter((batch) => settled.get(batch) === 'stored');
      // Until the last step is done, nothing is.
      for (const batch of done) settled.set(batch, 'failed');
      open = done;
    }
    for (const batch of open) settled.set(batch, 'stored');
  } catch (error) {
    log.error('storing was broken off', describeError(error));
  }
  return settled;
}

function throttled(record: Arrived, batch: StoredBatch): Outcome {
  const reason = 'the tenant’s partition took no more writes';
  return {
    kind: 'throttled',
    why: { arrived: record, code: 'throttled', reason, tenant: batch.tenant },
  };
}

/** Puts aside what lies before the first undone record; what lies behind it will be seen again. */
async function putAside(entries: readonly Entry[], options: ConsumeOptions): Promise<Outcome[]> {
  let outcomes = entries.map(({ outcome }) => outcome);
  for (const kind of ['poison', 'throttled'] as const) {
    const put = kind === 'poison' ? options.quarantine : options.redrive;
    const undone = outcomes.findIndex((outcome) => outcome.kind === 'undone');
    const done = undone === -1 ? outcomes : outcomes.slice(0, undone);
    const records = done.flatMap((outcome) => (outcome.kind === kind ? [outcome.why] : []));
    try {
      await setAside(records, put);
      count(records, kind, options.log);
    } catch (error) {
      options.log.error(`${kind} records could not be put aside`, describeError(error));
      // The other kind is still put aside where it lies before these.
      outcomes = outcomes.map((outcome) => (outcome.kind === kind ? { kind: 'undone' } : outcome));
    }
  }
  return outcomes;
}

function count(records: readonly SetAside[], kind: 'poison' | 'throttled', log: Log): void {
  const metric = kind === 'poison' ? 'Quarantined' : 'Throttled';
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
