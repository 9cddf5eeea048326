import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { revocationPrefix, systemTenantId } from '../../src/store/keys.ts';
import type { AuditStore } from '../audit-store.ts';
import { issueGrants } from './issuer.ts';
import { keysLike } from './keys-like.ts';
import { objectsOf, type Statement } from './reasoned.ts';
import { encryptOnto } from './stream-key.ts';

const allow = (
  sid: string,
  actions: string[],
  resources: Statement['resources'],
  conditions?: Statement['conditions'],
): Statement => ({ sid, actions, resources, ...(conditions !== undefined && { conditions }) });

/**
 * Recording what one does in the log of the tenant `system`: a grant that one has KMS sign, and the stream to put
 * it on. Whoever may sign can mint any grant, and with it write in the name of any client: so each of these methods is
 * for administrators. It does not let them read a log. Of the registry only the row of `system` is read, and made
 * where it is missing.
 */
function record(store: AuditStore): Statement[] {
  return [
    ...issueGrants(store),
    allow('ReadIssuerKey', ['kms:GetPublicKey'], [store.signingKey.keyArn]),
    allow(
      'SystemTenant',
      ['dynamodb:GetItem', 'dynamodb:PartiQLInsert'],
      [store.registry.tableArn],
      keysLike(systemTenantId),
    ),
    allow('PutEvents', ['kinesis:PutRecord'], [store.stream.streamArn]),
    ...encryptOnto(store),
  ];
}

/** What the tool needs for `tenants`, `keys`, `grants` and `producers acknowledge`. A row of the registry is made or changed, never replaced. */
export function administration(store: AuditStore): Statement[] {
  return [
    allow(
      'ManageRegistry',
      ['dynamodb:GetItem', 'dynamodb:PartiQLInsert', 'dynamodb:UpdateItem', 'dynamodb:Scan'],
      [store.registry.tableArn],
    ),
    // To acknowledge a gap in a producer's numbers.
    allow(
      'AcknowledgeGaps',
      ['dynamodb:BatchGetItem', 'dynamodb:PutItem'],
      [store.producers.tableArn],
    ),
    allow('ReadGrants', ['dynamodb:BatchGetItem', 'dynamodb:Scan'], [store.grants.tableArn]),
    allow(
      'RevokeGrants',
      ['dynamodb:PartiQLInsert'],
      [store.grants.tableArn],
      keysLike(`${revocationPrefix}*`),
    ),
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
