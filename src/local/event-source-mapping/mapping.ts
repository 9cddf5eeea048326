import { setTimeout } from 'node:timers/promises';

/**
 * The settings of an event source mapping for a stream.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html
 */
export interface MappingSettings {
  /** Most records of an invocation, 1 to 10,000. */
  readonly batchSize: number;
  /** How long records are gathered for an invocation, 0 to 300. */
  readonly batchWindowSeconds: number;
  /** Batches of one shard that are processed at once, 1 to 10. */
  readonly parallelizationFactor: number;
  readonly startingPosition: 'TRIM_HORIZON' | 'LATEST';
  /** −1: for ever. */
  readonly maximumRetryAttempts: number;
  /** −1: any age. */
  readonly maximumRecordAgeSeconds: number;
  readonly bisectBatchOnFunctionError: boolean;
  readonly reportBatchItemFailures: boolean;
  /** Name of the bucket that gets the records which are given up. Without one they are dropped. */
  readonly destinationBucket?: string;
}

/** What a mapping has done so far. */
export interface MappingStats {
  /** GetRecords calls, and those of all calls to Kinesis that failed. */
  polls: number;
  pollErrors: number;
  lastPollError: unknown;
  invocations: number;
  /** Invocations that were turned away before any code ran. */
  throttles: number;
  /** Records that the function has taken. */
  succeeded: number;
  /** Records that were given up, in the destination or not. */
  discarded: number;
  /** Batches that could not be put into the destination: their records are lost. */
  destinationErrors: number;
}

/** Time, and when to leave off. */
export interface Pace {
  /** Epoch milliseconds. */
  now(): number;
  /** Resolves after these milliseconds or when `signal` is aborted; never rejects. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** Aborted when the mapping closes. */
  readonly stop: AbortSignal;
}

export async function sleepFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  await setTimeout(milliseconds, undefined, { signal }).catch(() => {});
}

/** Shorter than Lambda's, so that tests and people do not wait. Milliseconds. */
export function backoff(failures: number): number {
  return Math.min(2000, 100 * 2 ** failures);
}
