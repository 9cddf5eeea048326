import { randomUUID } from 'node:crypto';
import type { Place } from '../service.ts';

/** One queue that a bucket tells of new objects. */
export interface Notification {
  readonly queueArn: string;
  /** Such as `s3:ObjectCreated:*`. */
  readonly events: readonly string[];
  /** @default every key */
  readonly prefix?: string;
  readonly suffix?: string;
}

/** An object that has just come into being. */
export interface Created {
  readonly bucket: string;
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  readonly how: 'Put' | 'Copy' | 'CompleteMultipartUpload';
  /** ARN of who made it. */
  readonly by: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

export function wants(
  { events, prefix = '', suffix = '' }: Notification,
  { key, how }: Created,
): boolean {
  const named = events.some(
    (event) => event === 's3:ObjectCreated:*' || event === `s3:ObjectCreated:${how}`,
  );
  return named && key.startsWith(prefix) && key.endsWith(suffix);
}

/** The message, as https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html has it. */
export function messageOf(place: Place, created: Created): string {
  const { bucket, key, size, etag, how, by, at } = created;
  return JSON.stringify({
    Records: [
      {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        awsRegion: place.region,
        eventTime: new Date(at).toISOString(),
        eventName: `ObjectCreated:${how}`,
        userIdentity: { principalId: `AWS:${by.slice(by.indexOf('/') + 1)}` },
        requestParameters: { sourceIPAddress: '127.0.0.1' },
        responseElements: { 'x-amz-request-id': randomUUID(), 'x-amz-id-2': 'local' },
        s3: {
          s3SchemaVersion: '1.0',
          configurationId: 'local',
          bucket: {
            name: bucket,
            ownerIdentity: { principalId: place.account },
            arn: `arn:aws:s3:::${bucket}`,
          },
          object: {
            // As in a form: a space is a plus.
            key: new URLSearchParams({ key }).toString().slice('key='.length),
            size,
            eTag: etag,
            sequencer: at.toString(16).toUpperCase().padStart(16, '0'),
          },
        },
      },
    ],
  });
}
