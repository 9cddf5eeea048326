import type { InvokeResult } from '../lambda/invoke-result.ts';
import { unlessStopped } from './bell.ts';
import { ageOf, type EventRecord } from './kinesis-event.ts';
import { backoff, type MappingSettings, type MappingStats, type Pace } from './mapping.ts';
import { judge, type Verdict } from './verdict.ts';

export type Invoke = (payload: {
  readonly Records: readonly EventRecord[];
}) => Promise<InvokeResult>;

/** Records that are given up, and what is known of their last invocation. */
export interface Discarded {
  readonly records: readonly EventRecord[];
  readonly condition: 'RetryAttemptsExhausted' | 'RecordAgeExceeded';
  readonly invocations: number;
  readonly functionError: boolean;
}

export interface Processing {
  readonly settings: MappingSettings;
  readonly stats: MappingStats;
  readonly pace: Pace;
  readonly invoke: Invoke;
  readonly discard: (discarded: Discarded) => Promise<void>;
}

/** Neighbouring records that are tried together. */
interface Part {
  readonly records: readonly EventRecord[];
  /** Tries that cost one of the retries, and all of them. */
  readonly retries: number;
  readonly invocations: number;
  /** Of the last try. */
  readonly functionError: boolean;
}

/**
 * Invokes the function until each record of a batch is done or discarded, in the order of the
 * stream, or the mapping closes.
 * https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
 */
export async function processBatch(
  batch: readonly EventRecord[],
  { settings, stats, pace, invoke, discard }: Processing,
): Promise<void> {
  const work: Part[] = [{ records: batch, retries: 0, invocations: 0, functionError: false }];

  async function giveUp(part: Part, condition: Discarded['condition']) {
    if (part.records.length === 0) return;
    const { records, invocations, functionError } = part;
    await discard({ records, condition, invocations, functionError });
    stats.discarded += records.length;
  }

  async function withoutAged(part: Part): Promise<Part> {
    const limit = settings.maximumRecordAgeSeconds;
    if (limit < 0) return part;
    const isYoung = (record: EventRecord) => ageOf(record, pace.now()) <= limit * 1000;
    const young = part.records.findIndex(isYoung);
    const count = young < 0 ? part.records.length : young;
    await giveUp({ ...part, records: part.records.slice(0, count) }, 'RecordAgeExceeded');
    return { ...part, records: part.records.slice(count) };
  }

  let throttles = 0;
  while (work.length > 0 && !pace.stop.aborted) {
    const part = await withoutAged(work.shift() as Part);
    if (part.records.length === 0) continue;

    stats.invocations += 1;
    // A closing mapping does not wait: what is under way will be read again by the next one.
    const result = await unlessStopped(invokeSafely(invoke, part.records), pace.stop);
    if (!result) return;
    const verdict = judge(result, part.records, settings.reportBatchItemFailures);

    if (verdict.kind === 'throttled') {
      // Neither a try nor a failure of these records.
      stats.throttles += 1;
      work.unshift(part);
      await pace.sleep(backoff(throttles++), pace.stop);
      continue;
    }
    throttles = 0;
    const rest = remainder(part, verdict);
    stats.succeeded += part.records.length - rest.records.length;
    if (rest.records.length === 0) continue;

    const parts = settings.bisectBatchOnFunctionError ? split(rest, part) : undefined;
    if (parts) {
      work.unshift(...parts);
    } else if (
      settings.maximumRetryAttempts >= 0 &&
      rest.retries >= settings.maximumRetryAttempts
    ) {
      await giveUp(rest, 'RetryAttemptsExhausted');
    } else {
      work.unshift({ ...rest, retries: rest.retries + 1 });
      await pace.sleep(backoff(rest.retries), pace.stop);
    }
  }
}

/** What of a part is still to be done after an invocation. */
function remainder(part: Part, verdict: Exclude<Verdict, { kind: 'throttled' }>): Part {
  const done = verdict.kind === 'done';
  return {
    records: done ? [] : part.records.slice(verdict.from),
    retries: part.retries,
    invocations: part.invocations + 1,
    functionError: !done && verdict.functionError,
  };
}

/**
 * Bisection, which costs no retry: at the sequence number that the function returned, else (or if
 * that is the first, where there is nothing to cut off) in the middle. A single record is not split.
 */
function split(rest: Part, tried: Part): Part[] | undefined {
  if (rest.records.length < tried.records.length) return [rest];
  if (rest.records.length < 2) return undefined;
  const middle = Math.ceil(rest.records.length / 2);
  return [
    { ...rest, records: rest.records.slice(0, middle) },
    { ...rest, records: rest.records.slice(middle) },
  ];
}

async function invokeSafely(
  invoke: Invoke,
  records: readonly EventRecord[],
): Promise<InvokeResult> {
  try {
    return await invoke({ Records: records });
  } catch (error) {
    return { kind: 'error', type: 'ServiceException', message: String(error) };
  }
}
