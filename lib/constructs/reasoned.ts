import { Stack, Validations } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';

/** A resource with a wildcard, and why it cannot be narrower. */
export interface Reasoned {
  readonly resource: string;
  /** What it is called where it is questioned, by cdk-nag. */
  readonly finding: string;
  readonly reason: string;
}

/** A statement of our own: whichever of its resources has a wildcard must say why. */
export interface Statement extends Omit<iam.PolicyStatementProps, 'resources'> {
  readonly resources: readonly (string | Reasoned)[];
}

/** Every object of a bucket. */
export function objectsOf(bucket: s3.Bucket, reason: string): Reasoned {
  const id = Stack.of(bucket).getLogicalId(bucket.node.defaultChild as s3.CfnBucket);
  return { resource: bucket.arnForObjects('*'), finding: `Resource::<${id}.Arn>/*`, reason };
}

/**
 * A statement as the CDK takes it, once every wildcard in it has its reason; the reasons are recorded on the
 * construct that holds the policy.
 *
 * @throws naming a resource with a wildcard and no reason
 */
export function reasoned(holder: Construct, statement: Statement): iam.PolicyStatementProps {
  const resources = statement.resources.map((each) => {
    if (typeof each !== 'string') {
      acknowledge(holder, `AwsSolutions-IAM5[${each.finding}]`, each.reason);
      return each.resource;
    }
    if (each.includes('*')) throw new Error(`${statement.sid}: ${each} has no reason`);
    return each;
  });
  return { ...statement, resources };
}

/** Says why a rule of cdk-nag does not hold for a construct and what is below it. */
export function acknowledge(construct: Construct, id: string, reason: string): void {
  Validations.of(construct).acknowledge({ id, reason });
}
