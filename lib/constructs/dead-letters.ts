import { Aws, Duration, type RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './reasoned.ts';

export interface DeadLettersProps {
  /** How long an object is kept. */
  readonly keep: Duration;
  /**
   * ARN of the one role that may remove a version, or change what protects it. With it, quarantined objects are
   * locked too.
   *
   * @default whoever has leave may
   */
  readonly guardedBy?: string | undefined;
  readonly removalPolicy: RemovalPolicy;
}

/** Every way to lose a version, or to make losing one possible. A delete without a version only hides it. */
const losses = [
  's3:DeleteObjectVersion',
  's3:BypassGovernanceRetention',
  's3:PutObjectRetention',
  's3:PutBucketObjectLockConfiguration',
  's3:PutBucketVersioning',
  's3:PutLifecycleConfiguration',
  's3:PutBucketPolicy',
  's3:DeleteBucketPolicy',
  's3:DeleteBucket',
];

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
    acknowledge(this.queue, 'AwsSolutions-SQS3', 'It is the dead-letter queue');
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
    const locked = props.guardedBy !== undefined;
    // GOVERNANCE, not COMPLIANCE: anybody with a key may have garbage quarantined, and a person may have the right
    // to be forgotten; what nobody at all could remove for seven years would be paid for, or owed, for as long.
    // The break-glass role can remove it, and CloudTrail shows that it did.
    this.quarantine = this.#bucket('Quarantine', props, {
      ...(locked && { objectLockDefaultRetention: s3.ObjectLockRetention.governance(props.keep) }),
    });
    // No default retention: S3 then refuses an upload without a checksum
    // (https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html), and that Lambda's own
    // uploads to a destination bear one is written nowhere. What is refused there would be lost. Versions and the
    // policy below protect these objects, and a lock may be put on any of them.
    this.redrive = this.#bucket('Redrive', props, { ...(locked && { objectLockEnabled: true }) });
  }

  #bucket(id: string, props: DeadLettersProps, lock: s3.BucketProps): s3.Bucket {
    const bucket = new s3.Bucket(this, id, {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      encryption: s3.BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      // Versions make an overwrite harmless; the one before is kept for as long as a mistake takes to be seen.
      versioned: true,
      ...lock,
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
    if (props.guardedBy !== undefined) {
      bucket.addToResourcePolicy(
        new iam.PolicyStatement({
          sid: 'KeepVersions',
          effect: iam.Effect.DENY,
          principals: [new iam.AnyPrincipal()],
          actions: losses,
          resources: [bucket.bucketArn, bucket.arnForObjects('*')],
          conditions: { ArnNotEquals: { 'aws:PrincipalArn': props.guardedBy } },
        }),
      );
    }
    acknowledge(
      bucket,
      'AwsSolutions-S1',
      'Its account turns on CloudTrail data events, which tell more than access logs and come for certain',
    );
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
