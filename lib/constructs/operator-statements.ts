import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { AuditStore } from '../audit-store.ts';
import { reasoned } from './reasoned.ts';
import { encryptOnto } from './stream-key.ts';

const allow = (sid: string, actions: string[], resources: string[]) =>
  new iam.PolicyStatement({ sid, actions, resources });

/** Sealing events of one's own: a grant that one signs and inserts, and the stream to put them on. */
function record(store: AuditStore): iam.PolicyStatement[] {
  return [
    new iam.PolicyStatement({
      sid: 'SignGrants',
      actions: ['kms:Sign', 'kms:GetPublicKey'],
      resources: [store.signingKey.keyArn],
    }),
    allow('InsertGrants', ['dynamodb:PartiQLInsert'], [store.grants.tableArn]),
    allow('PutEvents', ['kinesis:PutRecords'], [store.stream.streamArn]),
    ...encryptOnto(store).map((each) => new iam.PolicyStatement(reasoned(store, each))),
  ];
}

/** What the tool needs for `tenants`, `keys` and `grants`. */
export function administration(store: AuditStore): iam.PolicyStatement[] {
  return [
    allow(
      'ManageRegistry',
      ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:Scan'],
      [store.registry.tableArn],
    ),
    allow('ReadGrants', ['dynamodb:BatchGetItem', 'dynamodb:Scan'], [store.grants.tableArn]),
    ...record(store),
  ];
}

/** What the tool needs for `dlq`. */
export function redriving(store: AuditStore, consumer: lambda.IFunction): iam.PolicyStatement[] {
  const buckets = [store.quarantine, store.redrive];
  return [
    allow(
      'ListDeadLetters',
      ['s3:ListBucket'],
      buckets.map((bucket) => bucket.bucketArn),
    ),
    allow(
      'TakeDeadLetters',
      ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
      buckets.map((bucket) => bucket.arnForObjects('*')),
    ),
    allow('Redrive', ['lambda:InvokeFunction'], [consumer.functionArn]),
    allow(
      'EmptyQueue',
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
      [store.deadLetters.queueArn],
    ),
    ...record(store),
  ];
}
