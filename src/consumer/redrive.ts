import type { KinesisStreamBatchResponse, KinesisStreamEvent } from 'aws-lambda';
import type { ErrorCode } from '../domain/error.ts';

/**
 * Dead letters, handed to the function once more by whoever may invoke it: records as Kinesis gave them, so
 * that each still has its original arrival. Nothing on the stream can look like this: a record's arrival is
 * Kinesis's own word, and its bytes have no part in the event around it.
 */
export interface RedriveEvent extends KinesisStreamEvent {
  /** Of each record, how often it has been redriven, this time included. Absent when Lambda polled the stream. */
  readonly redriven?: readonly number[];
}

/** What became of a redrive: records that are neither undone nor put aside again are stored. */
export interface RedriveResponse extends KinesisStreamBatchResponse {
  /** Before the first undone record; in the buckets once more, with their attempts counted. */
  readonly putAside?: readonly { readonly itemIdentifier: string; readonly code: ErrorCode }[];
}
