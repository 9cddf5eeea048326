import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as kinesis from 'aws-cdk-lib/aws-kinesis';
import * as kms from 'aws-cdk-lib/aws-kms';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import {
  expiryAttribute,
  partitionKey,
  sortKey,
  summaryAttributes,
  summaryIndex,
  watchAttribute,
  watchIndex,
} from '../src/store/keys.ts';
import { DeadLetters } from './constructs/dead-letters.ts';
import { insertOnly } from './constructs/insert-only.ts';
import type { Settings } from './stage.ts';

export interface DataStackProps extends StackProps {
  readonly settings: Settings;
}

/** How long the stream keeps a record: the time there is to mend a consumer that is down. */
export const streamRetention = Duration.days(7);

/** What must outlive every deployment: tables, stream, keys and buckets. */
export class DataStack extends Stack {
  readonly batches: dynamodb.Table;
  readonly grants: dynamodb.Table;
  readonly registry: dynamodb.Table;
  readonly quotas: dynamodb.Table;
  readonly producers: dynamodb.Table;
  readonly stream: kinesis.Stream;
  readonly signingKey: kms.Key;
  readonly cursorKey: kms.Key;
  readonly quarantine: s3.Bucket;
  readonly redrive: s3.Bucket;
  readonly deadLetters: sqs.Queue;

  constructor(scope: Construct, id: string, props: DataStackProps) {
    const { settings, ...rest } = props;
    super(scope, id, { ...rest, analyticsReporting: false, terminationProtection: settings.prod });
    const removalPolicy = settings.prod ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
    const table = {
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: settings.prod,
      removalPolicy,
    };
    const id_ = { name: 'id', type: dynamodb.AttributeType.STRING };
    const keys = {
      partitionKey: { name: partitionKey, type: dynamodb.AttributeType.STRING },
      sortKey: { name: sortKey, type: dynamodb.AttributeType.STRING },
    };

    this.batches = new dynamodb.Table(this, 'Batches', {
      ...table,
      ...keys,
      timeToLiveAttribute: expiryAttribute,
      resourcePolicy: insertOnly(settings),
    });
    this.batches.addGlobalSecondaryIndex({
      indexName: summaryIndex,
      ...keys,
      projectionType: dynamodb.ProjectionType.INCLUDE,
      nonKeyAttributes: [...summaryAttributes],
    });
    this.grants = new dynamodb.Table(this, 'Grants', { ...table, partitionKey: id_ });
    this.registry = new dynamodb.Table(this, 'Registry', { ...table, partitionKey: id_ });
    // Counts of requests are worth nothing the day after: no recovery.
    this.quotas = new dynamodb.Table(this, 'Quotas', {
      ...table,
      partitionKey: id_,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: false },
      timeToLiveAttribute: expiryAttribute,
    });

    // What the auditor knows can be had again from the feed, but for what retention has taken.
    this.producers = new dynamodb.Table(this, 'Producers', {
      ...table,
      ...keys,
      timeToLiveAttribute: expiryAttribute,
    });
    this.producers.addGlobalSecondaryIndex({
      indexName: watchIndex,
      partitionKey: { name: watchAttribute, type: dynamodb.AttributeType.STRING },
      projectionType: dynamodb.ProjectionType.ALL,
    });

    this.stream = new kinesis.Stream(this, 'Stream', {
      streamMode: kinesis.StreamMode.ON_DEMAND,
      retentionPeriod: streamRetention,
      // `alias/aws/kinesis`: with a key of our own, every vended session would need kms:GenerateDataKey too.
      encryption: kinesis.StreamEncryption.MANAGED,
      removalPolicy,
    });

    this.signingKey = new kms.Key(this, 'SigningKey', {
      description: `Signs the grants of sealtrail/${settings.stage}`,
      keySpec: kms.KeySpec.ECC_NIST_EDWARDS25519,
      keyUsage: kms.KeyUsage.SIGN_VERIFY,
      removalPolicy,
    });
    this.cursorKey = new kms.Key(this, 'CursorKey', {
      description: `Derives the key of the read cursors of sealtrail/${settings.stage}`,
      keySpec: kms.KeySpec.HMAC_256,
      keyUsage: kms.KeyUsage.GENERATE_VERIFY_MAC,
      removalPolicy,
    });

    const letters = new DeadLetters(this, 'DeadLetters', {
      keep: Duration.days(settings.longestRetentionDays),
      removalPolicy,
    });
    this.quarantine = letters.quarantine;
    this.redrive = letters.redrive;
    this.deadLetters = letters.queue;

    const outputs = {
      StreamName: this.stream.streamName,
      BatchesTable: this.batches.tableName,
      GrantsTable: this.grants.tableName,
      RegistryTable: this.registry.tableName,
      QuotasTable: this.quotas.tableName,
      ProducersTable: this.producers.tableName,
      QuarantineBucket: this.quarantine.bucketName,
      RedriveBucket: this.redrive.bucketName,
      DeadLetterQueueUrl: this.deadLetters.queueUrl,
      SigningKeyArn: this.signingKey.keyArn,
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
