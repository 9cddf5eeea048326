import type { _Record } from '@aws-sdk/client-kinesis';

/**
 * A record as the function sees it.
 * https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
 */
export interface EventRecord {
  readonly kinesis: {
    readonly kinesisSchemaVersion: '1.0';
    readonly partitionKey: string;
    readonly sequenceNumber: string;
    /** base64 */
    readonly data: string;
    /** Seconds, with a fraction. */
    readonly approximateArrivalTimestamp: number;
  };
  readonly eventSource: 'aws:kinesis';
  readonly eventVersion: '1.0';
  readonly eventID: string;
  readonly eventName: 'aws:kinesis:record';
  readonly invokeIdentityArn: string;
  readonly awsRegion: string;
  readonly eventSourceARN: string;
}

export interface Source {
  readonly streamArn: string;
  readonly shardId: string;
  /** The function's. */
  readonly roleArn: string;
}

export function toEventRecord(
  record: _Record,
  { streamArn, shardId, roleArn }: Source,
): EventRecord {
  const { PartitionKey = '', SequenceNumber = '', Data, ApproximateArrivalTimestamp } = record;
  return {
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey: PartitionKey,
      sequenceNumber: SequenceNumber,
      data: Buffer.from(Data ?? []).toString('base64'),
      approximateArrivalTimestamp: (ApproximateArrivalTimestamp?.getTime() ?? 0) / 1000,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `${shardId}:${SequenceNumber}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: roleArn,
    awsRegion: streamArn.split(':')[3] ?? '',
    eventSourceARN: streamArn,
  };
}

/** Milliseconds since the record came into the stream. */
export function ageOf(record: EventRecord, now: number): number {
  return now - record.kinesis.approximateArrivalTimestamp * 1000;
}
