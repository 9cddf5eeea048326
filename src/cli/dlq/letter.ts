import type { KinesisStreamRecord } from 'aws-lambda';
import { z } from 'zod';
import { fromTime } from '../../domain/encoding.ts';

/** Which bucket: `quarantine` takes what can never be accepted as things stand, `redrive` what may be later. */
export type BucketName = 'quarantine' | 'redrive';

/** A record that was not stored. */
export interface Letter {
  /** `<bucket>/<key>#<sequence number>`: the same for as long as it lies there. */
  readonly id: string;
  readonly code: string;
  readonly reason: string;
  /** Only if it was sealed under this tenant's grant: signature and root were seen to hold. */
  readonly tenant?: string;
  /** When Kinesis took it, epoch ms. */
  readonly arrival: number;
  readonly shard: string;
  readonly sequenceNumber: string;
  readonly partitionKey: string;
  /** How often it was redriven. */
  readonly attempts: number;
  /** How many of it came at once, if more than one. */
  readonly copies?: number;
  readonly data: Buffer;
}

/** An object taken apart, and how to write it again without some of its letters. */
export interface Contents {
  readonly letters: readonly Letter[];
  /** Every other byte as it was; undefined when nothing is left. */
  without(done: ReadonlySet<Letter>): string | undefined;
}

const base64 = z.base64();
const sequence = z.string().regex(/^\d{1,128}$/);

const lineSchema = z.object({
  code: z.string(),
  reason: z.string(),
  tenant: z.string().exactOptional(),
  arrival: z.string().refine((text) => fromTime(text) !== undefined, 'RFC 3339, UTC, ms'),
  shard: z.string().min(1),
  sequenceNumber: sequence,
  partitionKey: z.string(),
  attempts: z.number().int().min(0).default(0),
  copies: z.number().int().min(2).exactOptional(),
  record: base64,
});

/** What is needed of a record in Lambda's own object. */
const recordSchema = z.object({
  eventID: z.string().regex(/^.+:\d+$/),
  kinesis: z.object({
    partitionKey: z.string(),
    sequenceNumber: sequence,
    data: base64,
    approximateArrivalTimestamp: z.number().positive(),
  }),
});
const eventSchema = z.object({ Records: z.array(z.unknown()) });

/** https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html: only in S3 has it the payload. */
const givenUpSchema = z.object({
  requestContext: z.object({ condition: z.string(), approximateInvokeCount: z.number() }),
  payload: z.union([z.record(z.string(), z.unknown()), z.string()]),
});

/** Objects that Lambda writes begin so, whatever they end with. */
const givenUpPrefix = 'aws/lambda/';

/** Throws an error that says what is odd about it, for an object that neither the consumer nor Lambda wrote. */
export function parseObject(bucket: BucketName, key: string, text: string): Contents {
  const place = `${bucket}/${key}`;
  return key.startsWith(givenUpPrefix) ? parseGivenUp(place, text) : parseLines(place, text);
}

/** What the consumer put aside: a record a line. */
function parseLines(place: string, text: string): Contents {
  const lines = text.split('\n').filter((line) => line !== '');
  const letters = lines.map((line): Letter => {
    const { record, arrival, ...rest } = lineSchema.parse(JSON.parse(line));
    return {
      id: `${place}#${rest.sequenceNumber}`,
      ...rest,
      arrival: fromTime(arrival) as number,
      data: Buffer.from(record, 'base64'),
    };
  });
  return {
    letters,
    without(done) {
      const left = lines.filter((_, i) => !done.has(letters[i] as Letter));
      return left.length === 0 ? undefined : left.map((line) => `${line}\n`).join('');
    },
  };
}

/**
 * What the event source mapping gave up: one event, as the function would have got it. What is written again is made of
 * what was read, not of what the schemas know of it.
 */
function parseGivenUp(place: string, text: string): Contents {
  const object: unknown = JSON.parse(text);
  const { payload, requestContext } = givenUpSchema.parse(object);
  const event: unknown = typeof payload === 'string' ? JSON.parse(payload) : payload;
  const { Records } = eventSchema.parse(event);
  const { condition, approximateInvokeCount: tries } = requestContext;
  const letters = Records.map((record): Letter => {
    const { eventID, kinesis } = recordSchema.parse(record);
    const { sequenceNumber, partitionKey, data, approximateArrivalTimestamp } = kinesis;
    return {
      id: `${place}#${sequenceNumber}`,
      code: 'given-up',
      reason: `Lambda gave it up after ${tries} invocation(s): ${condition}`,
      arrival: Math.round(approximateArrivalTimestamp * 1000),
      shard: eventID.slice(0, eventID.lastIndexOf(':')),
      sequenceNumber,
      partitionKey,
      attempts: 0,
      data: Buffer.from(data, 'base64'),
    };
  });
  return {
    letters,
    without(done) {
      const left = Records.filter((_, i) => !done.has(letters[i] as Letter));
      if (left.length === 0) return undefined;
      const rest = { ...(event as object), Records: left };
      return JSON.stringify({
        ...(object as object),
        payload: typeof payload === 'string' ? JSON.stringify(rest) : rest,
      });
    },
  };
}

/** The record as the function got it, or would have: with the arrival that Kinesis gave it. */
export function toRecord(letter: Letter): KinesisStreamRecord {
  const { shard, sequenceNumber, partitionKey, arrival, data } = letter;
  return {
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey,
      sequenceNumber,
      data: data.toString('base64'),
      approximateArrivalTimestamp: arrival / 1000,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `${shard}:${sequenceNumber}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: '',
    awsRegion: '',
    eventSourceARN: '',
  };
}
