import { Aws, Duration, type RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

export interface DeadLettersProps {
  /** How long an object is kept. */
  readonly keep: Duration;
  readonly removalPolicy: RemovalPolicy;
}

/**
 * The buckets that take records raw (`quarantine`: never acceptable; `redrive`: may be accepted later), and the
 * queue that hears of every object in them: the dead-letter queue, which is alarmed.
 */
export class DeadLetters extends Construct {
  readonly quarantine: s3.Bucket;
  readonly redrive: s3.Bucket;
  readonly queue: sqs.Queue;

  constructor(scope: Construct, id: string, props: DeadLettersProps) {
    super(scope, id);
    this.queue = new sqs.Queue(this, 'Queue', {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      removalPolicy: props.removalPolicy,
    });
    // By account, not by bucket: a bucket can only be made once the queue lets it notify, so the queue's policy
    // cannot name the bucket.
    this.queue.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'BucketsOfThisAccount',
        principals: [new iam.ServicePrincipal('s3.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [this.queue.queueArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
    );
    this.quarantine = this.#bucket('Quarantine', props);
    this.redrive = this.#bucket('Redrive', props);
  }

  #bucket(id: string, props: DeadLettersProps): s3.Bucket {
    const bucket = new s3.Bucket(this, id, {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      encryption: s3.BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      // Versions make an overwrite harmless; the one before is kept for as long as a mistake takes to be seen.
      versioned: true,
      lifecycleRules: [
        {
          expiration: props.keep,
          noncurrentVersionExpiration: Duration.days(30),
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
        // Expiration leaves a marker behind; a rule with days cannot remove it.
        { expiredObjectDeleteMarker: true },
      ],
      removalPolicy: props.removalPolicy,
    });
    // The L1 property: `addEventNotification` would bring a custom resource with a function of its own.
    const resource = bucket.node.defaultChild as s3.CfnBucket;
    resource.notificationConfiguration = {
      queueConfigurations: [{ event: 's3:ObjectCreated:*', queue: this.queue.queueArn }],
    };
    // The queue and its policy: S3 asks the queue for leave when the bucket is made.
    bucket.node.addDependency(this.queue);
    return bucket;
  }
}
