import { HeadObjectCommand, NotFound } from '@aws-sdk/client-s3';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import { z } from 'zod';
import type { Session } from '../session.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html */
const noticeSchema = z.object({
  Records: z.array(
    z.object({
      s3: z.object({
        bucket: z.object({ name: z.string() }),
        object: z.object({ key: z.string() }),
      }),
    }),
  ),
});
/** S3 says this once, when it is told to notify. */
const testSchema = z.object({ Event: z.literal('s3:TestEvent') });

/** Long enough to see every message once before the first comes again, seconds. */
const hiddenSeconds = 60;

/**
 * Deletes from the dead-letter queue what tells of objects that are gone, so that its alarm ends with the last of
 * them. What tells of an object that is there is left, to be seen again at once when all have been looked at.
 */
export async function forgetNotices({ aws: { sqs, s3 }, outputs, now }: Session): Promise<void> {
  const QueueUrl = outputs.DeadLetterQueueUrl;
  const known = new Map<string, Promise<boolean>>();

  const exists = (Bucket: string, Key: string) => {
    const name = `${Bucket}/${Key}`;
    const answer =
      known.get(name) ??
      s3.send(new HeadObjectCommand({ Bucket, Key })).then(
        () => true,
        (error) => {
          if (error instanceof NotFound) return false;
          throw error;
        },
      );
    known.set(name, answer);
    return answer;
  };

  /** Whether a message still tells of something. One that is not understood does. */
  async function tells(body: string): Promise<boolean> {
    const notice = noticeSchema.safeParse(parse(body));
    if (!notice.success) return !testSchema.safeParse(parse(body)).success;
    // Keys are encoded as in a form.
    const objects = notice.data.Records.map(({ s3: { bucket, object } }) =>
      exists(bucket.name, decodeURIComponent(object.key.replaceAll('+', ' '))),
    );
    return (await Promise.all(objects)).includes(true);
  }

  const kept: (string | undefined)[] = [];
  const until = now() + hiddenSeconds * 1000;
  while (now() < until) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: 10,
        VisibilityTimeout: hiddenSeconds,
      }),
    );
    if (Messages.length === 0) break;
    for (const { Body = '', ReceiptHandle } of Messages) {
      if (await tells(Body)) kept.push(ReceiptHandle);
      else await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
  }
  for (const ReceiptHandle of kept)
    await sqs.send(
      new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }),
    );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
