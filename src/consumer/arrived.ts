import type { KinesisStreamRecord } from 'aws-lambda';

/** A record as the event source mapping hands it over. */
export interface Arrived {
  readonly data: Buffer;
  /** When Kinesis took it, epoch ms. */
  readonly arrival: number;
  /** What a failure is answered with. */
  readonly sequenceNumber: string;
  readonly shard: string;
  readonly partitionKey: string;
  /** How often it has been redriven; absent if never. */
  readonly attempts?: number;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html: `eventID` is `<shard>:<sequence number>`. */
export function arrived({ eventID, kinesis }: KinesisStreamRecord, attempts = 0): Arrived {
  return {
    data: Buffer.from(kinesis.data, 'base64'),
    arrival: Math.round(kinesis.approximateArrivalTimestamp * 1000),
    sequenceNumber: kinesis.sequenceNumber,
    shard: eventID.slice(0, eventID.lastIndexOf(':')),
    partitionKey: kinesis.partitionKey,
    ...(attempts > 0 && { attempts }),
  };
}
