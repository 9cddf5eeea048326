import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createObjectStore } from '../../src/local/object-store.ts';
import { allow, openFrontDoor, place, policy } from '../fixture/front-door.ts';

let store: ReturnType<typeof createObjectStore>;
let local: Awaited<ReturnType<typeof openFrontDoor>>;
let s3: S3Client;
let sqs: SQSClient;
let letters: { arn: string; url: string };

beforeAll(async () => {
  local = await openFrontDoor((endpoint) => {
    store = createObjectStore({ place, endpoint });
    return [store.s3, store.sqs];
  });
  s3 = new S3Client({ ...local.asRoot(), forcePathStyle: true });
  sqs = new SQSClient(local.asRoot());
  letters = await store.createQueue('letters', { VisibilityTimeout: '30' });
  const created = { queueArn: letters.arn, events: ['s3:ObjectCreated:*'] };
  await store.createBucket('quarantine', { notifications: [{ ...created, prefix: 'acme/' }] });
  await store.createBucket('plain');
});
afterAll(async () => {
  await local.close();
  await store.close();
});

async function receive(url = letters.url) {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10 }),
  );
  for (const { ReceiptHandle } of Messages) {
    await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle }));
  }
  return Messages.map(({ Body = '' }) => JSON.parse(Body));
}

function put(Key: string, Body: string | Uint8Array = 'body', Bucket = 'plain', client = s3) {
  return client.send(new PutObjectCommand({ Bucket, Key, Body }));
}

describe('S3', () => {
  it('keeps objects byte for byte, also empty ones and those with odd keys', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const bodies = {
      'a b/ü&+%.bin': bytes,
      empty: new Uint8Array(0),
      large: new Uint8Array(5_000_000).fill(7),
    };
    for (const [Key, Body] of Object.entries(bodies)) {
      await put(Key, Body);
      const { Body: body, ContentLength } = await s3.send(
        new GetObjectCommand({ Bucket: 'plain', Key }),
      );
      expect(ContentLength).toBe(Body.length);
      expect(Buffer.compare((await body?.transformToByteArray()) ?? Buffer.alloc(0), Body)).toBe(0);
      expect((await s3.send(new HeadObjectCommand({ Bucket: 'plain', Key }))).ContentLength).toBe(
        Body.length,
      );
    }
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: 'plain', Prefix: 'a ' }));
    expect(Contents?.map(({ Key }) => Key)).toEqual(['a b/ü&+%.bin']);
    const Objects = Object.keys(bodies).map((Key) => ({ Key }));
    await s3.send(new DeleteObjectsCommand({ Bucket: 'plain', Delete: { Objects } }));
    const gone = s3.send(new GetObjectCommand({ Bucket: 'plain', Key: 'empty' }));
    await expect(gone).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  it('takes an object that was given no body at all', async () => {
    await s3.send(new PutObjectCommand({ Bucket: 'plain', Key: 'none' }));
    await put('none2', '');
    for (const Key of ['none', 'none2']) {
      expect((await s3.send(new HeadObjectCommand({ Bucket: 'plain', Key }))).ContentLength).toBe(
        0,
      );
    }
  });

  it('writes once under If-None-Match', async () => {
    const once = () =>
      s3.send(new PutObjectCommand({ Bucket: 'plain', Key: 'once', Body: 'a', IfNoneMatch: '*' }));
    await once();
    await expect(once()).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await s3.send(new DeleteObjectCommand({ Bucket: 'plain', Key: 'once' }));
    await once();
  });

  it('lets one of many conditional writes at the same moment through', async () => {
    const { principal } = local.iam.root;
    const request = {
      operation: 'PutObject',
      method: 'PUT',
      path: '/plain/raced',
      query: new URLSearchParams(),
      headers: { 'if-none-match': '*', 'content-type': 'text/plain' },
      body: Buffer.from('a'),
      principal,
    };
    const answers = await Promise.all([1, 2, 3].map(() => store.s3.handle(request)));
    expect(answers.map(({ status }) => status)).toEqual([200, 409, 409]);
    expect((await store.s3.handle(request)).status).toBe(412);
  });

  it('refuses a body whose hash is not the one that was signed', async () => {
    const client = new S3Client({ ...local.asRoot(), forcePathStyle: true });
    client.middlewareStack.add(
      (next) => (args) => {
        (args.request as { body: unknown }).body = 'altered!';
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    await expect(put('k', 'original', 'plain', client)).rejects.toMatchObject({
      name: 'XAmzContentSHA256Mismatch',
    });
  });

  it('says so of what it does not do', async () => {
    const tags = s3.send(new GetObjectTaggingCommand({ Bucket: 'plain', Key: 'k' }));
    await expect(tags).rejects.toMatchObject({ name: 'NotImplemented' });
  });

  it('takes only what the caller’s policies and the bucket’s let it', async () => {
    const role = local.asRole('consumer', [
      policy(allow('s3:PutObject', 'arn:aws:s3:::plain/own/*')),
    ]);
    const consumer = new S3Client({ ...role, forcePathStyle: true });
    await put('own/a', 'x', 'plain', consumer);
    const denied = { name: 'AccessDenied' };
    await expect(put('other/a', 'x', 'plain', consumer)).rejects.toMatchObject(denied);
    const get = consumer.send(new GetObjectCommand({ Bucket: 'plain', Key: 'own/a' }));
    await expect(get).rejects.toMatchObject(denied);
    const copy = new CopyObjectCommand({
      Bucket: 'plain',
      Key: 'own/b',
      CopySource: 'plain/own/a',
    });
    await expect(consumer.send(copy)).rejects.toThrow(
      's3:GetObject on resource: arn:aws:s3:::plain/own/a',
    );
    await expect(consumer.send(new ListObjectsV2Command({ Bucket: 'plain' }))).rejects.toThrow(
      's3:ListBucket on resource: arn:aws:s3:::plain',
    );
    const Objects = [{ Key: 'own/a' }];
    const clearing = new DeleteObjectsCommand({ Bucket: 'plain', Delete: { Objects } });
    await expect(consumer.send(clearing)).rejects.toThrow(
      's3:DeleteObject on resource: arn:aws:s3:::plain/own/a',
    );

    const Resource = 'arn:aws:s3:::closed/*';
    await store.createBucket('closed', {
      policy: policy({ Effect: 'Deny', Principal: '*', Action: 's3:DeleteObject', Resource }),
    });
    await put('k', 'x', 'closed');
    const deleted = s3.send(new DeleteObjectCommand({ Bucket: 'closed', Key: 'k' }));
    await expect(deleted).rejects.toMatchObject(denied);
  });
});

describe('a notification', () => {
  it('tells the queue of each new object, with its key encoded', async () => {
    await put('acme/2026 01/ü+.json', 'four', 'quarantine');
    await put('other/skipped', 'x', 'quarantine');
    await s3.send(
      new CopyObjectCommand({
        Bucket: 'quarantine',
        Key: 'acme/copy',
        CopySource: 'quarantine/other/skipped',
      }),
    );
    const records = (await receive()).flatMap(({ Records }) => Records);
    expect(records).toMatchObject([
      {
        eventSource: 'aws:s3',
        eventName: 'ObjectCreated:Put',
        awsRegion: place.region,
        s3: {
          bucket: { name: 'quarantine', arn: 'arn:aws:s3:::quarantine' },
          object: { key: 'acme%2F2026+01%2F%C3%BC%2B.json', size: 4 },
        },
      },
      { eventName: 'ObjectCreated:Copy', s3: { object: { key: 'acme%2Fcopy', size: 1 } } },
    ]);
  });

  it('is not sent of a write that failed', async () => {
    const once = () =>
      s3.send(
        new PutObjectCommand({
          Bucket: 'quarantine',
          Key: 'acme/one',
          Body: 'a',
          IfNoneMatch: '*',
        }),
      );
    await once();
    await expect(once()).rejects.toThrow();
    const large = put('acme/large', Buffer.alloc(12 * 1024 * 1024), 'quarantine');
    await expect(large).rejects.toMatchObject({ name: 'EntityTooLarge' });
    expect((await receive()).length).toBe(1);
  });

  it('needs the leave of a queue that has a policy', async () => {
    const queue = await store.createQueue('guarded', {});
    const notifications = [{ queueArn: queue.arn, events: ['s3:ObjectCreated:Put'] }];
    await store.createBucket('telling', { notifications });
    const leave = (account: string) =>
      policy({
        Effect: 'Allow',
        Principal: { Service: 's3.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: queue.arn,
        Condition: { StringEquals: { 'aws:SourceAccount': account } },
      });
    store.setQueuePolicy(queue.arn, leave('999999999999'));
    await put('a', 'x', 'telling');
    expect(await receive(queue.url)).toEqual([]);
    store.setQueuePolicy(queue.arn, leave(place.account));
    await put('b', 'x', 'telling');
    expect((await receive(queue.url)).length).toBe(1);
  });
});

describe('SQS', () => {
  it('names queues by the front door and by their own account', async () => {
    expect(letters).toEqual({
      arn: `arn:aws:sqs:${place.region}:${place.account}:letters`,
      url: `${local.door.url}/${place.account}/letters`,
    });
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: 'letters' }));
    expect(QueueUrl).toBe(letters.url);
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl,
        AttributeNames: ['QueueArn', 'ApproximateNumberOfMessages'],
      }),
    );
    expect(Attributes).toEqual({ QueueArn: letters.arn, ApproximateNumberOfMessages: '0' });
    const absent = sqs.send(new GetQueueUrlCommand({ QueueName: 'absent' }));
    await expect(absent).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
  });

  it('moves what is received too often to the queue that the redrive policy names', async () => {
    const dead = await store.createQueue('dead', {});
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 1 });
    const source = await store.createQueue('source', { RedrivePolicy, VisibilityTimeout: '0' });
    await sqs.send(new SendMessageCommand({ QueueUrl: source.url, MessageBody: '{"n":1}' }));
    for (const _ of [1, 2]) await sqs.send(new ReceiveMessageCommand({ QueueUrl: source.url }));
    expect(await receive(dead.url)).toEqual([{ n: 1 }]);
  });

  it('ends a long poll when a message comes', async () => {
    const { url } = await store.createQueue('polled', {});
    const waiting = sqs.send(new ReceiveMessageCommand({ QueueUrl: url, WaitTimeSeconds: 20 }));
    await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'x' }));
    expect((await waiting).Messages?.length).toBe(1);
  });

  it('takes only what the caller’s policies let it', async () => {
    const role = local.asRole('redriver', [policy(allow('sqs:ReceiveMessage', letters.arn))]);
    const redriver = new SQSClient(role);
    await redriver.send(new ReceiveMessageCommand({ QueueUrl: letters.url }));
    const send = redriver.send(new SendMessageCommand({ QueueUrl: letters.url, MessageBody: 'x' }));
    await expect(send).rejects.toThrow(`sqs:SendMessage on resource: ${letters.arn}`);
  });
});
