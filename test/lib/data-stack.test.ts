import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { summaryAttributes } from '../../src/store/keys.ts';
import { assemble, prodContext } from '../fixture/assemble.ts';

const dev = assemble().data;
const prod = assemble(prodContext).data;

const stateful = [
  'AWS::DynamoDB::Table',
  'AWS::Kinesis::Stream',
  'AWS::KMS::Key',
  'AWS::S3::Bucket',
  'AWS::SQS::Queue',
];

const alterations = [
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
  'dynamodb:DeleteItem',
  'dynamodb:BatchWriteItem',
  'dynamodb:PartiQLUpdate',
  'dynamodb:PartiQLDelete',
];

function batchesPolicy(template: typeof dev): unknown[] {
  const tables = Object.values(template.findResources('AWS::DynamoDB::Table'));
  const policies = tables.flatMap((table) => table['Properties'].ResourcePolicy ?? []);
  expect(policies).toHaveLength(1);
  return policies[0].PolicyDocument.Statement;
}

describe('what holds data', () => {
  test.each(stateful)('%s outlives its stack in prod, and goes with it in dev', (type) => {
    for (const [template, policy] of [
      [prod, 'Retain'],
      [dev, 'Delete'],
    ] as const) {
      const resources = Object.values(template.findResources(type));
      expect(resources.length).toBeGreaterThan(0);
      for (const resource of resources) {
        expect(resource).toMatchObject({ DeletionPolicy: policy, UpdateReplacePolicy: policy });
      }
    }
  });

  test('no table of prod can be deleted, and none of dev is in the way', () => {
    dev.allResourcesProperties('AWS::DynamoDB::Table', { DeletionProtectionEnabled: false });
    prod.allResourcesProperties('AWS::DynamoDB::Table', { DeletionProtectionEnabled: true });
  });

  test('there is no function and no custom resource in it', () => {
    const types = Object.values(prod.toJSON()['Resources']).map(
      (resource) => (resource as { Type: string }).Type,
    );
    expect(new Set(types)).toEqual(
      new Set([...stateful, 'AWS::SQS::QueuePolicy', 'AWS::S3::BucketPolicy']),
    );
  });
});

describe('the table of batches', () => {
  test('has its keys, its expiry and an index of the small attributes', () => {
    const keys = [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ];
    prod.hasResourceProperties('AWS::DynamoDB::Table', {
      KeySchema: keys,
      BillingMode: 'PAY_PER_REQUEST',
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
      GlobalSecondaryIndexes: [
        {
          IndexName: 'summary',
          KeySchema: keys,
          Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...summaryAttributes] },
        },
      ],
    });
  });

  test('cannot be altered by anybody in dev, but can be removed with its stack', () => {
    expect(batchesPolicy(dev)).toEqual([
      {
        Sid: 'InsertOnly',
        Effect: 'Deny',
        Principal: { AWS: '*' },
        Action: alterations,
        Resource: '*',
      },
    ]);
  });

  test('names in prod the account’s own break-glass role, unless another is given', () => {
    const [{ Condition }] = batchesPolicy(assemble({ stage: 'prod' }).data) as [
      { Condition: unknown },
    ];
    const role = {
      'Fn::Join': [
        '',
        [
          'arn:',
          { Ref: 'AWS::Partition' },
          ':iam::',
          { Ref: 'AWS::AccountId' },
          ':role/sealtrail-break-glass',
        ],
      ],
    };
    expect(Condition).toEqual({ ArnNotEquals: { 'aws:PrincipalArn': role } });
  });

  test('can in prod be altered, or its policy got round, by the break-glass role only', () => {
    const all = {
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Resource: '*',
      Condition: { ArnNotEquals: { 'aws:PrincipalArn': prodContext.breakGlassRoleArn } },
    };
    expect(batchesPolicy(prod)).toEqual([
      { Sid: 'InsertOnly', Action: alterations, ...all },
      {
        Sid: 'NoWayRound',
        Action: [
          'dynamodb:UpdateTimeToLive',
          'dynamodb:UpdateTable',
          'dynamodb:DeleteTable',
          'dynamodb:PutResourcePolicy',
          'dynamodb:DeleteResourcePolicy',
        ],
        ...all,
      },
    ]);
  });
});

test('the table of producers can be altered, and has an index of those that need an eye', () => {
  prod.hasResourceProperties('AWS::DynamoDB::Table', {
    GlobalSecondaryIndexes: [
      {
        IndexName: 'watch',
        KeySchema: [{ AttributeName: 'watch', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
    TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
    ResourcePolicy: Match.absent(),
  });
});

test('the stream is on demand, keeps a week and is encrypted', () => {
  prod.hasResourceProperties('AWS::Kinesis::Stream', {
    StreamModeDetails: { StreamMode: 'ON_DEMAND' },
    RetentionPeriodHours: 168,
    StreamEncryption: { EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' },
  });
});

test('the stream has as many shards as are asked for, and keeps as long', () => {
  const { data } = assemble({ shards: '12', streamRetentionDays: '30' });
  data.hasResourceProperties('AWS::Kinesis::Stream', {
    StreamModeDetails: { StreamMode: 'PROVISIONED' },
    ShardCount: 12,
    RetentionPeriodHours: 720,
  });
});

test('one key signs and one derives', () => {
  prod.resourceCountIs('AWS::KMS::Key', 2);
  prod.hasResourceProperties('AWS::KMS::Key', {
    KeySpec: 'ECC_NIST_EDWARDS25519',
    KeyUsage: 'SIGN_VERIFY',
  });
  prod.hasResourceProperties('AWS::KMS::Key', {
    KeySpec: 'HMAC_256',
    KeyUsage: 'GENERATE_VERIFY_MAC',
  });
});

describe('the two buckets', () => {
  test('are private, versioned, encrypted, and keep as long as the longest retention', () => {
    for (const [template, days] of [
      [prod, 2555],
      [dev, 30],
    ] as const) {
      template.resourceCountIs('AWS::S3::Bucket', 2);
      template.allResourcesProperties('AWS::S3::Bucket', {
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        VersioningConfiguration: { Status: 'Enabled' },
        BucketEncryption: Match.anyValue(),
        LifecycleConfiguration: {
          Rules: Match.arrayWith([Match.objectLike({ ExpirationInDays: days, Status: 'Enabled' })]),
        },
      });
    }
  });

  test('tell the dead-letter queue of every object, once it lets them', () => {
    const [policy] = Object.keys(prod.findResources('AWS::SQS::QueuePolicy'));
    const [queue] = Object.keys(prod.findResources('AWS::SQS::Queue'));
    for (const bucket of Object.values(prod.findResources('AWS::S3::Bucket'))) {
      expect(bucket['DependsOn']).toContain(policy);
      expect(bucket['Properties'].NotificationConfiguration).toEqual({
        QueueConfigurations: [
          { Event: 's3:ObjectCreated:*', Queue: { 'Fn::GetAtt': [queue, 'Arn'] } },
        ],
      });
    }
    prod.hasResourceProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Allow',
            Principal: { Service: 's3.amazonaws.com' },
            Action: 'sqs:SendMessage',
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          }),
        ]),
      },
    });
  });

  test('refuse a connection without TLS, and in prod whoever would lose a version', () => {
    const tls = Match.objectLike({
      Effect: 'Deny',
      Action: 's3:*',
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    });
    const versions = Match.objectLike({
      Sid: 'KeepVersions',
      Effect: 'Deny',
      Action: Match.arrayWith(['s3:DeleteObjectVersion', 's3:PutLifecycleConfiguration']),
      Condition: { ArnNotEquals: { 'aws:PrincipalArn': prodContext.breakGlassRoleArn } },
    });
    for (const [template, Statement] of [
      [dev, [tls]],
      [prod, [tls, versions]],
    ] as const) {
      template.resourceCountIs('AWS::S3::BucketPolicy', 2);
      template.allResourcesProperties('AWS::S3::BucketPolicy', { PolicyDocument: { Statement } });
    }
  });

  test('can lock their objects in prod, and the quarantine does for as long as it keeps them', () => {
    prod.allResourcesProperties('AWS::S3::Bucket', { ObjectLockEnabled: true });
    prod.resourcePropertiesCountIs(
      'AWS::S3::Bucket',
      {
        ObjectLockConfiguration: {
          ObjectLockEnabled: 'Enabled',
          Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 2555 } },
        },
      },
      1,
    );
    dev.allResourcesProperties('AWS::S3::Bucket', { ObjectLockEnabled: Match.absent() });
  });
});
