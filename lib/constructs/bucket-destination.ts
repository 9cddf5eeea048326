import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { objectsOf, reasoned } from './reasoned.ts';

/**
 * A bucket that a mapping puts the records into that its function never took. Lambda writes there as the
 * function, which needs just these two permissions
 * (https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html); the CDK's own destination
 * lets it delete as well.
 */
export class BucketDestination implements lambda.IEventSourceDlq {
  readonly #bucket: s3.Bucket;

  constructor(bucket: s3.Bucket) {
    this.#bucket = bucket;
  }

  bind(
    _mapping: lambda.IEventSourceMapping,
    handler: lambda.IFunction,
  ): lambda.DlqDestinationConfig {
    const keyed = objectsOf(this.#bucket, 'Lambda makes the keys, of shards and of times');
    for (const [sid, action, resource] of [
      ['OnFailurePut', 's3:PutObject', keyed],
      ['OnFailureList', 's3:ListBucket', this.#bucket.bucketArn],
    ] as const) {
      const statement = reasoned(handler, { sid, actions: [action], resources: [resource] });
      handler.addToRolePolicy(new iam.PolicyStatement(statement));
    }
    return { destination: this.#bucket.bucketArn };
  }
}
