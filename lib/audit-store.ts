import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as kinesis from 'aws-cdk-lib/aws-kinesis';
import * as kms from 'aws-cdk-lib/aws-kms';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
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
import { guardKey } from './constructs/guard-key.ts';
import { insertOnly } from './constructs/insert-only.ts';
import { acknowledge } from './constructs/reasoned.ts';
import { type CheckedStoreSettings, checkStore, type StoreSettings } from './settings.ts';

export interface AuditStoreProps extends StoreSettings {}

/**
 * What must outlive every deployment: tables, stream, keys and buckets. Its own stack keeps it apart from what may
 * be thrown away and made again, so that no change to a function can touch a table.
 *
 * @throws when its settings are malformed or contradict each other, naming them
 */
export class AuditStore extends Construct {
  /** As they were checked, with their defaults. */
  readonly settings: CheckedStoreSettings;
  readonly batches: dynamodb.Table;
  readonly grants: dynamodb.Table;
  readonly registry: dynamodb.Table;
  readonly quotas: dynamodb.Table;
  /** What the auditor knows of each producer. */
  readonly producers: dynamodb.Table;
  readonly stream: kinesis.Stream;
  /** With `streamKey: 'own'`: who puts or reads needs leave to use it. */
  readonly streamKey: kms.Key | undefined;
  /** What grants are signed with now. */
  readonly signingKey: kms.Key;
  /** What else they were, or will be, signed with. */
  readonly otherSigningKeys: readonly kms.Key[];
  readonly cursorKey: kms.Key;
  readonly quarantine: s3.Bucket;
  readonly redrive: s3.Bucket;
  readonly deadLetters: sqs.Queue;

  constructor(scope: Construct, id: string, props: AuditStoreProps = {}) {
    super(scope, id);
    this.settings = checkStore(props);
    const { settings } = this;
    const removalPolicy =
      settings.removalPolicy === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
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
    this.quotas = new dynamodb.Table(this, 'Quotas', {
      ...table,
      partitionKey: id_,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: false },
      timeToLiveAttribute: expiryAttribute,
    });
    acknowledge(this.quotas, 'AwsSolutions-DDB3', 'Counts are worth nothing the day after');

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

    this.streamKey =
      settings.streamKey === 'aws'
        ? undefined
        : new kms.Key(this, 'StreamKey', {
            description: `Encrypts the stream of sealtrail/${settings.stage}`,
            enableKeyRotation: true,
            removalPolicy,
          });
    this.stream = new kinesis.Stream(this, 'Stream', {
      ...(settings.shards === undefined
        ? { streamMode: kinesis.StreamMode.ON_DEMAND }
        : { streamMode: kinesis.StreamMode.PROVISIONED, shardCount: settings.shards }),
      retentionPeriod: Duration.days(settings.streamRetentionDays),
      ...(this.streamKey === undefined
        ? { encryption: kinesis.StreamEncryption.MANAGED }
        : { encryption: kinesis.StreamEncryption.KMS, encryptionKey: this.streamKey }),
      removalPolicy,
    });

    const signingKeys = Array.from({ length: settings.signingKeys }, (_, index) => {
      // The first has no number, for the sake of stacks that have just one.
      const id = `SigningKey${index === 0 ? '' : index + 1}`;
      return new kms.Key(this, id, {
        description: `Signs the grants of sealtrail/${settings.stage}`,
        keySpec: kms.KeySpec.ECC_NIST_EDWARDS25519,
        keyUsage: kms.KeyUsage.SIGN_VERIFY,
        removalPolicy,
      });
    });
    const [signing] = signingKeys.splice(settings.signWith - 1, 1);
    if (signing === undefined) throw new Error(`there is no signing key ${settings.signWith}`);
    this.signingKey = signing;
    this.otherSigningKeys = signingKeys.toReversed();
    this.cursorKey = new kms.Key(this, 'CursorKey', {
      description: `Derives the key of the read cursors of sealtrail/${settings.stage}`,
      keySpec: kms.KeySpec.HMAC_256,
      keyUsage: kms.KeyUsage.GENERATE_VERIFY_MAC,
      removalPolicy,
    });

    for (const key of [signing, ...signingKeys, this.cursorKey, this.streamKey]) {
      if (key !== undefined) guardKey(key, settings);
    }

    const letters = new DeadLetters(this, 'DeadLetters', {
      keep: Duration.days(settings.longestRetentionDays),
      ...(settings.prod && { guardedBy: settings.breakGlassRoleArn }),
      removalPolicy,
    });
    this.quarantine = letters.quarantine;
    this.redrive = letters.redrive;
    this.deadLetters = letters.queue;
  }

  /** What the tools need to know of it, for the outputs of its stack. */
  get outputs(): Readonly<Record<string, string>> {
    return {
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
  }
}
