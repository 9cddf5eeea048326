import { Duration } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { z } from 'zod';
import type { consumerEnv } from '../../src/consumer/env.ts';
import { stopPrefix, tallyPartition } from '../../src/store/keys.ts';
import type { AuditStore } from '../audit-store.ts';
import type { Settings } from '../settings.ts';
import { BucketDestination } from './bucket-destination.ts';
import { HouseFunction } from './house-function.ts';
import { issuerName, readIssuerKeys } from './issuer.ts';
import { keysLike } from './keys-like.ts';
import { objectsOf } from './reasoned.ts';
import { decryptFrom } from './stream-key.ts';

export interface ConsumerProps {
  readonly settings: Settings;
  readonly data: AuditStore;
}

/** The function that verifies and stores what comes out of the stream, and its mapping. */
export class Consumer extends Construct {
  readonly function: lambda.Function;

  constructor(scope: Construct, id: string, props: ConsumerProps) {
    super(scope, id);
    const { settings, data } = props;
    const environment: z.input<typeof consumerEnv> = {
      STAGE: settings.stage,
      ...issuerName(props),
      BATCHES_TABLE: data.batches.tableName,
      GRANTS_TABLE: data.grants.tableName,
      QUARANTINE_BUCKET: data.quarantine.bucketName,
      REDRIVE_BUCKET: data.redrive.bucketName,
      GRANT_BYTES: String(settings.grantQuota.bytes),
      GRANT_FAULTS: String(settings.grantQuota.faults),
    };
    const consumer = new HouseFunction(this, 'Consumer', {
      settings,
      name: 'consumer',
      description: 'Verifies sealed batches and inserts them',
      // It computes (signatures, decompression, hashes, schema): 1,769 MB buy one whole CPU
      // (https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html).
      memorySize: 1769,
      // An invocation takes 6 MB at most, a second or so of work; the rest is for a throttled tenant's retries.
      timeout: Duration.seconds(60),
      environment,
      statements: [
        {
          // What Lambda needs to poll a stream
          // (https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html), but SubscribeToShard,
          // which is for enhanced fan-out.
          sid: 'ReadStream',
          actions: [
            'kinesis:DescribeStream',
            'kinesis:DescribeStreamSummary',
            'kinesis:GetRecords',
            'kinesis:GetShardIterator',
            'kinesis:ListShards',
          ],
          resources: [data.stream.streamArn],
        },
        ...decryptFrom(data),
        {
          // No other write: no code here, however broken, can overwrite or delete.
          sid: 'InsertBatches',
          actions: ['dynamodb:PartiQLInsert'],
          resources: [data.batches.tableArn],
        },
        {
          // What containers told of a grant, and nothing else in that table.
          sid: 'SumTallies',
          actions: ['dynamodb:Query'],
          resources: [data.batches.tableArn],
          conditions: keysLike(tallyPartition('*', '*')),
        },
        {
          // A stop, which holds back what comes under a grant from then on. Never a revocation, which would make what was
          // sealed doubtful; never a grant, which would let somebody write.
          sid: 'StopGrants',
          actions: ['dynamodb:PartiQLInsert'],
          resources: [data.grants.tableArn],
          conditions: keysLike(`${stopPrefix}*`),
        },
        {
          sid: 'ReadGrants',
          actions: ['dynamodb:BatchGetItem'],
          resources: [data.grants.tableArn],
        },
        readIssuerKeys(props),
        {
          sid: 'KeepRaw',
          actions: ['s3:PutObject'],
          resources: [data.quarantine, data.redrive].map((bucket) =>
            objectsOf(bucket, 'The key of an object is made of what could not be stored'),
          ),
        },
      ],
    });
    this.function = consumer.function;

    const mapping = new lambda.EventSourceMapping(this, 'Mapping', {
      target: consumer.function,
      eventSourceArn: data.stream.streamArn,
      startingPosition: lambda.StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      maxBatchingWindow: Duration.seconds(1),
      parallelizationFactor: 10,
      reportBatchItemFailures: true,
      bisectBatchOnError: true,
      retryAttempts: 100,
      onFailure: new BucketDestination(data.redrive),
      supportS3OnFailureDestination: true,
    });
    // No maximum age, which the construct can only leave out: a record is given up by count, never by the clock.
    (mapping.node.defaultChild as lambda.CfnEventSourceMapping).maximumRecordAgeInSeconds = -1;
  }
}
