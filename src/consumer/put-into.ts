import { setTimeout as sleep } from 'node:timers/promises';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { PutNew } from './quarantine.ts';
import type { PutObject } from './set-aside.ts';

/** Tries where another write of the same key is under way, and the longest pause between two, ms. */
const tries = 4;
const longestPauseMs = 200;

/**
 * Writes objects into a bucket. With `If-None-Match` S3 answers 412 if the key is taken, and 409 if somebody is about
 * to take it; leave to put is all that this needs.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export function putInto(
  client: Pick<S3Client, 'send'>,
  bucket: string,
): { readonly put: PutObject; readonly putNew: PutNew } {
  const command = (key: string, body: string, condition: { IfNoneMatch?: '*' } = {}) =>
    new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: body,
      ContentType: 'application/x-ndjson',
      ...condition,
    });
  return {
    async put(key, body) {
      await client.send(command(key, body));
    },
    async putNew(key, body) {
      for (let tried = 1; ; tried++) {
        try {
          await client.send(command(key, body, { IfNoneMatch: '*' }));
          return 'created';
        } catch (error) {
          const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata
            ?.httpStatusCode;
          if (status === 412) return 'present';
          if (status !== 409 || tried === tries) throw error;
          await sleep(Math.random() * longestPauseMs);
        }
      }
    },
  };
}
