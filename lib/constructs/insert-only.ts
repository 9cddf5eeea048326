import * as iam from 'aws-cdk-lib/aws-iam';
import type { CheckedStoreSettings } from '../settings.ts';

/** Every way to change or remove an item. `PartiQLInsert` fails on a key that exists, so it is not one. */
const alterations = [
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
  'dynamodb:DeleteItem',
  'dynamodb:BatchWriteItem',
  'dynamodb:PartiQLUpdate',
  'dynamodb:PartiQLDelete',
];

/** Every way to get round the first list: by the clock, by the table, or by this policy. */
const circumventions = [
  'dynamodb:UpdateTimeToLive',
  'dynamodb:UpdateTable',
  'dynamodb:DeleteTable',
  'dynamodb:PutResourcePolicy',
  'dynamodb:DeleteResourcePolicy',
];

/**
 * The resource policy of a table whose items are inserted and never changed, whoever asks.
 *
 * CloudFormation calls DynamoDB as the role that deploys. To deny it the circumventions would make the table
 * impossible to create (its time to live is set after the policy), change or remove. So:
 * - prod denies both lists to all but the break-glass role, and the data stack is deployed as that role. Other
 *   stacks, and deployments that do not change the table, need no break-glass.
 * - dev denies only the alterations, to everybody, so that `cdk deploy` and `cdk destroy` work.
 * The account's root user can always remove the policy: DynamoDB keeps that way out, whatever a policy denies
 * (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteResourcePolicy.html).
 *
 * The resource is `*`, meaning the table that this is attached to: its own ARN would be a cycle.
 */
export function insertOnly(settings: CheckedStoreSettings): iam.PolicyDocument {
  const exceptBreakGlass =
    settings.breakGlassRoleArn === undefined
      ? {}
      : { conditions: { ArnNotEquals: { 'aws:PrincipalArn': settings.breakGlassRoleArn } } };
  const deny = (sid: string, actions: readonly string[]) =>
    new iam.PolicyStatement({
      sid,
      effect: iam.Effect.DENY,
      principals: [new iam.AnyPrincipal()],
      actions: [...actions],
      resources: ['*'],
      ...exceptBreakGlass,
    });
  return new iam.PolicyDocument({
    statements: [
      deny('InsertOnly', alterations),
      ...(settings.prod ? [deny('NoWayRound', circumventions)] : []),
    ],
  });
}
