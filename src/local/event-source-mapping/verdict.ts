import type { InvokeResult } from '../lambda/invoke-result.ts';
import type { EventRecord } from './kinesis-event.ts';

export type Verdict =
  | { readonly kind: 'done' }
  /** Nothing has run. */
  | { readonly kind: 'throttled' }
  /** The records from this index on are to be tried again; those before it are done. */
  | { readonly kind: 'failed'; readonly from: number; readonly functionError: boolean };

/**
 * What an invocation's result says of the records it was given.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
 *
 * An answer that cannot be understood, or names a record that the batch does not have, fails the
 * whole batch: to repeat records is safe, to skip them is not.
 */
export function judge(
  result: InvokeResult,
  records: readonly EventRecord[],
  reportBatchItemFailures: boolean,
): Verdict {
  if (result.kind === 'error' && result.refused === 'throttled') return { kind: 'throttled' };
  if (result.kind !== 'ok') return { kind: 'failed', from: 0, functionError: true };
  if (!reportBatchItemFailures || result.payload === null) return { kind: 'done' };

  const whole: Verdict = { kind: 'failed', from: 0, functionError: false };
  if (typeof result.payload !== 'object') return whole;
  const failures = (result.payload as { batchItemFailures?: unknown }).batchItemFailures ?? [];
  if (!Array.isArray(failures)) return whole;
  if (failures.length === 0) return { kind: 'done' };
  const places = failures.map((failure) =>
    records.findIndex(({ kinesis }) => kinesis.sequenceNumber === failure?.itemIdentifier),
  );
  return { ...whole, from: Math.max(0, Math.min(...places)) };
}
