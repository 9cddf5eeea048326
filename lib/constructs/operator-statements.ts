import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { AuditStore } from '../audit-store.ts';
import { keysLike } from './keys-like.ts';
import { objectsOf, type Statement } from './reasoned.ts';
import { encryptOnto } from './stream-key.ts';

const allow = (sid: string, actions: string[], resources: Statement['resources']): Statement => ({
  sid,
  actions,
  resources,
});

/**
 * Recording what one does in the log of the tenant `system`: a grant that one has KMS sign, and the stream to put
 * it on. Whoever may sign can mint any grant, so each of these is an administrator's right.
 */
function record(store: AuditStore): Statement[] {
  return [
    allow('SignGrants', ['kms:Sign', 'kms:GetPublicKey'], [store.signingKey.keyArn]),
    allow('InsertGrants', ['dynamodb:PartiQLInsert'], [store.grants.tableArn]),
    allow('SystemTenant', ['dynamodb:GetItem', 'dynamodb:PutItem'], [store.registry.tableArn]),
    allow('PutEvents', ['kinesis:PutRecord'], [store.stream.streamArn]),
    ...encryptOnto(store),
  ];
}

/** What the tool needs for `tenants`, `keys` and `grants`. */
export function administration(store: AuditStore): Statement[] {
  return [
    allow('ManageRegistry', ['dynamodb:UpdateItem', 'dynamodb:Scan'], [store.registry.tableArn]),
    allow('ReadGrants', ['dynamodb:BatchGetItem', 'dynamodb:Scan'], [store.grants.tableArn]),
    ...record(store),
  ];
}

/** What the tool needs for `dlq`. */
export function redriving(store: AuditStore, consumer: lambda.IFunction): Statement[] {
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
      buckets.map((bucket) => objectsOf(bucket, 'A dead letter may be any object of its bucket')),
    ),
    allow('Redrive', ['lambda:InvokeFunction'], [consumer.functionArn]),
    // Whether the API key of a grant that was stopped has been revoked since.
    allow('ReadStoppedGrants', ['dynamodb:BatchGetItem'], [store.grants.tableArn]),
    {
      ...allow('ReadKeysOfGrants', ['dynamodb:GetItem'], [store.registry.tableArn]),
      conditions: keysLike('key#*'),
    },
    allow(
      'EmptyQueue',
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'],
      [store.deadLetters.queueArn],
    ),
    ...record(store),
  ];
}
