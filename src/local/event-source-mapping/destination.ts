import { randomUUID } from 'node:crypto';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { EventRecord } from './kinesis-event.ts';
import type { Discarded } from './process-batch.ts';

export interface Destination {
  readonly s3: S3Client;
  readonly bucket: string;
  readonly mappingId: string;
  readonly functionArn: string;
  readonly streamArn: string;
  readonly shardId: string;
  readonly now: () => number;
}

/**
 * Keeps records that were given up, whole: only an S3 destination gets the records themselves.
 * https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
 */
export async function putDiscarded(to: Destination, discarded: Discarded): Promise<void> {
  const time = new Date(to.now()).toISOString();
  const [date = ''] = time.split('T');
  const second = time.slice(0, 19).replaceAll(':', '.');
  const folder = `aws/lambda/${to.mappingId}/${to.shardId}/${date.replaceAll('-', '/')}`;
  await to.s3.send(
    new PutObjectCommand({
      Bucket: to.bucket,
      Key: `${folder}/${second}-${randomUUID()}`,
      Body: JSON.stringify(invocationRecord(to, discarded, time)),
      ContentType: 'application/json',
    }),
  );
}

function invocationRecord(to: Destination, discarded: Discarded, timestamp: string): object {
  const { records, condition, invocations, functionError } = discarded;
  const first = records.at(0);
  const last = records.at(-1);
  return {
    requestContext: {
      requestId: randomUUID(),
      functionArn: to.functionArn,
      condition,
      approximateInvokeCount: invocations,
    },
    ...(invocations > 0 && {
      responseContext: {
        statusCode: 200,
        executedVersion: '$LATEST',
        ...(functionError && { functionError: 'Unhandled' }),
      },
    }),
    version: '1.0',
    timestamp,
    KinesisBatchInfo: {
      shardId: to.shardId,
      startSequenceNumber: first?.kinesis.sequenceNumber,
      endSequenceNumber: last?.kinesis.sequenceNumber,
      approximateArrivalOfFirstRecord: arrival(first),
      approximateArrivalOfLastRecord: arrival(last),
      batchSize: records.length,
      streamArn: to.streamArn,
    },
    payload: { Records: records },
  };
}

function arrival(record: EventRecord | undefined): string {
  return new Date((record?.kinesis.approximateArrivalTimestamp ?? 0) * 1000).toISOString();
}
