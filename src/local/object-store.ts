import { createEmulator } from './object-store/emulator.ts';
import { type Created, messageOf, type Notification, wants } from './object-store/notifications.ts';
import { createS3 } from './object-store/s3.ts';
import { createSqs } from './object-store/sqs.ts';
import type { AwsService, Place, PolicyDocument } from './service.ts';
import { simulate } from './simulate.ts';

interface ObjectStore {
  readonly s3: AwsService;
  readonly sqs: AwsService;
  createBucket(
    name: string,
    options?: {
      readonly notifications?: readonly Notification[];
      readonly policy?: PolicyDocument;
    },
  ): Promise<void>;
  setBucketPolicy(name: string, policy: PolicyDocument): void;
  createQueue(
    name: string,
    attributes: Readonly<Record<string, string>>,
  ): Promise<{ readonly arn: string; readonly url: string }>;
  setQueuePolicy(arn: string, policy: PolicyDocument): void;
  close(): Promise<void>;
}

/** Buckets, queues, and what the ones tell the others. `endpoint` is the front door's URL, asked for when needed. */
export function createObjectStore({
  place,
  endpoint,
}: {
  place: Place;
  endpoint: () => string;
}): ObjectStore {
  const emulator = createEmulator(place.region);
  const policies = new Map<string, PolicyDocument>();
  const notifications = new Map<string, readonly Notification[]>();
  const sqs = createSqs({ place, emulator, endpoint });

  async function notify(created: Created): Promise<void> {
    for (const notification of notifications.get(created.bucket) ?? []) {
      const { queueArn } = notification;
      if (!wants(notification, created) || !(await mayTell(created.bucket, queueArn))) continue;
      await sqs.deliver(queueArn, messageOf(place, created));
    }
  }

  /**
   * S3 needs the queue's own leave
   * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html).
   * A queue without any policy takes everything here.
   */
  async function mayTell(bucket: string, queueArn: string): Promise<boolean> {
    const resourcePolicy = sqs.policyOf(queueArn);
    if (resourcePolicy === undefined) return true;
    const context = {
      'aws:SourceArn': `arn:aws:s3:::${bucket}`,
      'aws:SourceAccount': place.account,
    };
    const access = { action: 'sqs:SendMessage', resource: queueArn, resourcePolicy, context };
    const s3 = { arn: 's3.amazonaws.com', identityPolicies: [], tags: {} };
    return (await simulate(place, s3, access)) === 'Allowed';
  }

  return {
    s3: createS3({ emulator, policyOf: (bucket) => policies.get(bucket), onCreated: notify }),
    sqs,
    async createBucket(name, options = {}) {
      const { status, body } = await emulator.run({
        method: 'PUT',
        url: `/${name}`,
        headers: {},
        body: '',
      });
      if (status !== 200) throw new Error(`cannot create bucket ${name}: ${body.toString()}`);
      if (options.policy) policies.set(name, options.policy);
      notifications.set(name, options.notifications ?? []);
    },
    setBucketPolicy: (name, policy) => void policies.set(name, policy),
    createQueue: (name, attributes) => sqs.createQueue(name, attributes),
    setQueuePolicy: (arn, policy) => sqs.setQueuePolicy(arn, policy),
    close: () => emulator.close(),
  };
}
