import type { SealtrailError } from '../domain/error.ts';
import { parseRecord, type SealedRecord } from '../domain/manifest.ts';
import { describeError, type Log } from '../lambda/log.ts';
import type { KnownGrant } from '../lambda/verified-grants.ts';
import type { BatchWriter, InsertOutcome, StoredBatch } from '../store/batch-store.ts';
import { type Arrived, arrived } from './arrived.ts';
import { type Attempt, attempt } from './attempt.ts';
import { checkRecord } from './check-record.ts';
import { doneOf, type Entry, type Outcome } from './entry.ts';
import type { CountUsage } from './grant-usage.ts';
import { putAside } from './put-aside.ts';
import type { Quarantine } from './quarantine.ts';
import type { RedriveEvent, RedriveResponse } from './redrive.ts';
import type { PutObject } from './set-aside.ts';

export interface ConsumeOptions {
  readonly writer: BatchWriter;
  readonly grants: (ids: Iterable<string>) => Promise<ReadonlyMap<string, KnownGrant>>;
  /** Takes what can never be accepted. */
  readonly quarantine: Quarantine;
  /** Takes what may be accepted later. */
  readonly redrive: PutObject;
  readonly usage: CountUsage;
  readonly log: Log;
}

export interface Invocation {
  readonly id: string;
  /** Aborted when what is left of the function's time is only enough to answer. */
  readonly signal: AbortSignal;
}

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
  const checked = await check(records, options);
  const stored = await store(checked, invocation, options);
  const entries = await putAside(stored, options);
  // What an operator brings again was counted when it came.
  if (redriven === undefined)
    await options.usage(
      entries.flatMap(({ sent }) => sent ?? []),
      invocation,
    );
  const done = doneOf(entries);
  const first = records[done.length];
  return {
    batchItemFailures: first === undefined ? [] : [{ itemIdentifier: first.sequenceNumber }],
    ...(redriven && { putAside: putAsideAmong(done) }),
  };
}

function putAsideAmong(done: readonly Entry[]): RedriveResponse['putAside'] & object {
  return done.flatMap(({ outcome }) =>
    'why' in outcome
      ? [{ itemIdentifier: outcome.why.arrived.sequenceNumber, code: outcome.why.code }]
      : [],
  );
}

/** Parses all, looks their grants up in one call, then checks each. */
async function check(
  records: readonly Arrived[],
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
    return records.map((record) => ({
      arrived: record,
      outcome: { kind: 'undone' },
      grant: undefined,
    }));
  }
  return parsed.map(({ arrived: record, parsed: result }) => entryOf(record, result, known));
}

function entryOf(
  record: Arrived,
  parsed: Attempt<SealedRecord>,
  known: ReadonlyMap<string, KnownGrant>,
): Entry {
  if (!parsed.ok) return poison(record, parsed.error, undefined);
  const checked = checkRecord(record, parsed.value, known.get(parsed.value.grantId));
  if (checked.kind === 'poison') return poison(record, checked.error, checked.owner);
  const { batch, grant } = checked;
  return { arrived: record, outcome: { kind: 'batch', batch }, grant };
}

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
  const { settled, inserted } = await storeBatches(batches, invocation, options);
  const failed = batches.filter((batch) => settled.get(batch) === 'failed').length;
  if (failed > 0) log.error('batches could not be stored', { batches: failed });
  return entries.map((entry) => {
    const { arrived: record, outcome, grant } = entry;
    if (outcome.kind !== 'batch') return entry;
    const { batch } = outcome;
    // It was inserted this once, whether or not the rest succeeds: what comes again is a duplicate.
    const sent = grant !== undefined &&
      inserted.has(batch) && {
        sent: { grant, bytes: record.data.length, faults: batch.faults.length },
      };
    const how = settled.get(batch);
    if (how === 'stored') return { ...entry, ...sent };
    return {
      ...entry,
      ...sent,
      outcome: how === 'throttled' ? throttled(record, batch) : { kind: 'undone' },
    };
  });
}

interface Stored {
  readonly settled: ReadonlyMap<StoredBatch, InsertOutcome>;
  /** Those that were not there before: of several of one id, the first. */
  readonly inserted: ReadonlySet<StoredBatch>;
}

/** Each step goes on with what the one before it stored, so that no tenant waits for another's partition. */
async function storeBatches(
  batches: readonly StoredBatch[],
  { id, signal }: Invocation,
  { writer, log }: ConsumeOptions,
): Promise<Stored> {
  const settled = new Map(batches.map((batch): [StoredBatch, InsertOutcome] => [batch, 'failed']));
  const inserted = new Map<string, StoredBatch>();
  const insert = async (open: readonly StoredBatch[]) => {
    const outcomes = await writer.insert(open, signal);
    for (const [i, batch] of open.entries()) {
      const name = `${batch.tenant} ${batch.id}`;
      if (outcomes[i] === 'stored' && !inserted.has(name)) inserted.set(name, batch);
    }
    return outcomes;
  };
  const steps = [
    (open: readonly StoredBatch[]) => writer.noteDays(open, signal),
    insert,
    (open: readonly StoredBatch[]) => writer.appendFeed(open, id, signal),
  ];
  let open = batches;
  try {
    for (const step of steps) {
      if (open.length === 0) break;
      const outcomes = await step(open);
      for (const [i, batch] of open.entries()) settled.set(batch, outcomes[i] ?? 'failed');
      const done = open.filter((batch) => isThere(settled.get(batch)));
      // Until the last step is done, nothing is.
      for (const batch of done) settled.set(batch, 'failed');
      open = done;
    }
    for (const batch of open) settled.set(batch, 'stored');
  } catch (error) {
    log.error('storing was broken off', describeError(error));
  }
  return { settled, inserted: new Set(inserted.values()) };
}

function isThere(outcome: InsertOutcome | undefined): boolean {
  return outcome === 'stored' || outcome === 'present';
}

function throttled(record: Arrived, batch: StoredBatch): Outcome {
  const reason = 'the tenant’s partition took no more writes';
  return {
    kind: 'throttled',
    why: { arrived: record, code: 'throttled', reason, tenant: batch.tenant },
  };
}
