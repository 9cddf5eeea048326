import { z } from 'zod';
import type { TableSpec } from '../provider.ts';
import { type At, ignored, type Maker, maker, physicalName, policyDocument } from './maker.ts';

const keySchema = z.array(
  z.strictObject({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }),
);

const resourcePolicy = z.strictObject({ PolicyDocument: policyDocument }).optional();

/** What `Table` and `GlobalTable` have in common. */
const table = {
  TableName: z.string().optional(),
  AttributeDefinitions: z.array(
    z.strictObject({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) }),
  ),
  KeySchema: keySchema,
  GlobalSecondaryIndexes: z
    .array(
      z.strictObject({
        IndexName: z.string(),
        KeySchema: keySchema,
        Projection: z.strictObject({
          ProjectionType: z.enum(['ALL', 'KEYS_ONLY', 'INCLUDE']),
          NonKeyAttributes: z.array(z.string()).exactOptional(),
        }),
      }),
    )
    .optional(),
  TimeToLiveSpecification: z
    .strictObject({ AttributeName: z.string(), Enabled: z.literal(true) })
    .optional(),
  // Provisioned throughput would throttle, which nothing here does but a fault that a test injects.
  BillingMode: z.literal('PAY_PER_REQUEST'),
};

type TableProperties = z.output<z.ZodObject<typeof table>>;

function tableSpec(
  properties: TableProperties,
  policy: z.output<typeof resourcePolicy>,
  at: At,
): TableSpec {
  const { TimeToLiveSpecification: ttl, GlobalSecondaryIndexes: indexes } = properties;
  return {
    TableName: properties.TableName ?? physicalName(at, 255),
    AttributeDefinitions: properties.AttributeDefinitions,
    KeySchema: properties.KeySchema,
    ...(indexes !== undefined && { GlobalSecondaryIndexes: indexes }),
    ...(ttl !== undefined && { ttlAttribute: ttl.AttributeName }),
    ...(policy !== undefined && { policy: policy.PolicyDocument }),
  };
}

/** The key of AWS itself lets in all who may use the stream: nobody is refused for it. */
function keyOf(keyId: string | undefined): { keyArn?: string } {
  return keyId === undefined || keyId === 'alias/aws/kinesis' ? {} : { keyArn: keyId };
}

export const storage: Readonly<Record<string, Maker>> = {
  'AWS::DynamoDB::Table': maker(
    z.strictObject({
      ...table,
      ResourcePolicy: resourcePolicy,
      DeletionProtectionEnabled: ignored,
      PointInTimeRecoverySpecification: ignored,
      SSESpecification: ignored,
      Tags: ignored,
    }),
    (properties, at, provider) =>
      provider.table(tableSpec(properties, properties.ResourcePolicy, at)),
  ),
  'AWS::DynamoDB::GlobalTable': maker(
    z.strictObject({
      ...table,
      Replicas: z
        .array(
          z.strictObject({
            Region: z.string(),
            ResourcePolicy: resourcePolicy,
            GlobalSecondaryIndexes: ignored,
            DeletionProtectionEnabled: ignored,
            PointInTimeRecoverySpecification: ignored,
            TableClass: ignored,
            Tags: ignored,
          }),
        )
        .length(1, 'one replica: there is one region here'),
      SSESpecification: ignored,
    }),
    (properties, at, provider) =>
      provider.table(tableSpec(properties, properties.Replicas[0]?.ResourcePolicy, at)),
  ),
  'AWS::Kinesis::Stream': maker(
    z.strictObject({
      Name: z.string().optional(),
      StreamModeDetails: z
        .strictObject({ StreamMode: z.enum(['ON_DEMAND', 'PROVISIONED']) })
        .default({ StreamMode: 'PROVISIONED' }),
      ShardCount: z.number().optional(),
      RetentionPeriodHours: z.number().default(24),
      StreamEncryption: z
        .strictObject({ EncryptionType: z.literal('KMS'), KeyId: z.string() })
        .optional(),
      Tags: ignored,
    }),
    (properties, at, provider) =>
      provider.stream({
        name: properties.Name ?? physicalName(at, 128),
        mode: properties.StreamModeDetails.StreamMode,
        ...(properties.ShardCount !== undefined && { shards: properties.ShardCount }),
        retentionHours: properties.RetentionPeriodHours,
        ...keyOf(properties.StreamEncryption?.KeyId),
      }),
  ),
  'AWS::SQS::Queue': maker(
    z.strictObject({
      QueueName: z.string().optional(),
      MessageRetentionPeriod: z.number().optional(),
      VisibilityTimeout: z.number().optional(),
      SqsManagedSseEnabled: ignored,
      Tags: ignored,
    }),
    ({ QueueName, MessageRetentionPeriod, VisibilityTimeout }, at, provider) =>
      provider.queue({
        name: QueueName ?? physicalName(at, 80),
        attributes: Object.fromEntries(
          Object.entries({ MessageRetentionPeriod, VisibilityTimeout })
            .filter(([, value]) => value !== undefined)
            .map(([name, value]) => [name, String(value)]),
        ),
      }),
  ),
  'AWS::SQS::QueuePolicy': maker(
    z.strictObject({ Queues: z.array(z.string()).min(1), PolicyDocument: policyDocument }),
    ({ Queues, PolicyDocument }, _at, provider) =>
      provider.queuePolicy({ queueUrls: Queues, policy: PolicyDocument }),
  ),
  'AWS::S3::Bucket': maker(
    z.strictObject({
      BucketName: z.string().optional(),
      NotificationConfiguration: z
        .strictObject({
          QueueConfigurations: z
            .array(z.strictObject({ Event: z.string(), Queue: z.string() }))
            .default([]),
        })
        .default({ QueueConfigurations: [] }),
      BucketEncryption: ignored,
      // No versions here, so nothing to lock: a delete deletes, as the bucket's policy lets it.
      ObjectLockConfiguration: ignored,
      ObjectLockEnabled: ignored,
      LifecycleConfiguration: ignored,
      OwnershipControls: ignored,
      PublicAccessBlockConfiguration: ignored,
      VersioningConfiguration: ignored,
      Tags: ignored,
    }),
    ({ BucketName, NotificationConfiguration }, at, provider) =>
      provider.bucket({
        name: BucketName ?? physicalName(at, 63).toLowerCase(),
        notifications: NotificationConfiguration.QueueConfigurations.map(({ Event, Queue }) => ({
          queueArn: Queue,
          events: [Event],
        })),
      }),
  ),
  'AWS::S3::BucketPolicy': maker(
    z.strictObject({ Bucket: z.string(), PolicyDocument: policyDocument }),
    ({ Bucket, PolicyDocument }, _at, provider) =>
      provider.bucketPolicy({ bucket: Bucket, policy: PolicyDocument }),
  ),
};
