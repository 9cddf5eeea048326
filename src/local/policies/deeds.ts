import { systemTenantId } from '../../store/keys.ts';

/** One access, as IAM is asked for it. `on`: a resource's logical id without its hash; `/…` is below it. */
export interface Attempt {
  readonly action: string;
  readonly on: string;
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

/** What would matter if it were done by the wrong hands, and each way to do it. */
export interface Deed {
  readonly does: string;
  readonly by: readonly Attempt[];
}

const ed25519 = { 'kms:SigningAlgorithm': 'ED25519_SHA_512' };

/** These operations of DynamoDB, on items of this partition key. */
const items = (on: string, key: string, ...operations: string[]): Attempt[] =>
  operations.map((operation) => ({
    action: `dynamodb:${operation}`,
    on,
    context: { 'dynamodb:LeadingKeys': [key] },
  }));

const on = (resource: string, ...actions: string[]): Attempt[] =>
  actions.map((action) => ({ action, on: resource }));

const reads = ['GetItem', 'BatchGetItem', 'Query', 'Scan', 'PartiQLSelect'];
/** UpdateItem makes the item where there is none. */
const makes = ['PartiQLInsert', 'PutItem', 'UpdateItem', 'BatchWriteItem'];
const alters = ['PutItem', 'UpdateItem', 'BatchWriteItem', 'PartiQLUpdate'];
const removes = ['DeleteItem', 'BatchWriteItem', 'PartiQLDelete'];

const batch = 'acme#2026-11-24#0';
const grant = 'Gg4c1Zq0c8mYbX2fJ5kqv0n7T3wLr9sD6hAeUiOpKyE';
const key = 'key#k3v7q2m5xw4ta6bn';

/** What the table of who can reach what asks, in its order. */
export const deeds: readonly Deed[] = [
  {
    does: 'read any tenant’s batches',
    by: [
      ...items('Batches', batch, ...reads),
      ...items('Batches/index/summary', batch, 'Query', 'Scan'),
      ...on('Batches', 'dynamodb:ExportTableToPointInTime'),
    ],
  },
  { does: 'insert a batch', by: items('Batches', batch, ...makes) },
  { does: 'change or remove a batch', by: items('Batches', batch, ...alters, ...removes) },
  {
    does: 'make an API key, such as one that reads all tenants',
    by: items('Registry', key, ...makes),
  },
  {
    does: 'replace the row of a key, such as a revoked one',
    by: items('Registry', key, 'PutItem', 'BatchWriteItem'),
  },
  {
    does: 'change the row of a key: revoke it',
    by: items('Registry', key, 'UpdateItem', 'PartiQLUpdate'),
  },
  { does: 'remove a key', by: items('Registry', key, ...removes) },
  { does: 'read the row of a key (a hash of it)', by: items('Registry', key, ...reads) },
  { does: 'make a tenant', by: items('Registry', 'tenant#acme', ...makes) },
  { does: 'change a tenant', by: items('Registry', 'tenant#acme', ...alters) },
  { does: 'make the tenant `system`', by: items('Registry', systemTenantId, ...makes) },
  { does: 'change the tenant `system`', by: items('Registry', systemTenantId, ...alters) },
  {
    does: 'mint a grant: have KMS sign it',
    by: [{ action: 'kms:Sign', on: 'SigningKey', context: ed25519 }],
  },
  {
    does: 'have KMS sign by another algorithm',
    by: [
      {
        action: 'kms:Sign',
        on: 'SigningKey',
        context: { 'kms:SigningAlgorithm': 'ED25519_PH_SHA_512' },
      },
    ],
  },
  { does: 'log a grant', by: items('Grants', grant, ...makes) },
  { does: 'read a grant', by: items('Grants', grant, ...reads) },
  { does: 'revoke a grant: insert `revoked#…`', by: items('Grants', `revoked#${grant}`, ...makes) },
  { does: 'stop a grant: insert `stopped#…`', by: items('Grants', `stopped#${grant}`, ...makes) },
  {
    does: 'change or remove a grant or its revocation',
    by: [
      ...items('Grants', grant, ...alters, ...removes),
      ...items('Grants', `revoked#${grant}`, ...alters, ...removes),
    ],
  },
  { does: 'put on the stream', by: on('Stream', 'kinesis:PutRecord', 'kinesis:PutRecords') },
  {
    does: 'read the stream',
    by: on('Stream', 'kinesis:GetRecords', 'kinesis:SubscribeToShard'),
  },
  { does: 'get sessions of the writer’s role', by: on('TokenServiceWriter', 'sts:AssumeRole') },
  {
    does: 'invoke the consumer: say when a record arrived',
    by: on('ConsumerFunction', 'lambda:InvokeFunction'),
  },
  {
    does: 'invoke the token function: get a grant of `sealtrail.read`',
    by: on('TokenServiceTokenFunction', 'lambda:InvokeFunction'),
  },
  {
    does: 'change a function',
    by: on('ConsumerFunction', 'lambda:UpdateFunctionCode', 'lambda:UpdateFunctionConfiguration'),
  },
  {
    does: 'read dead letters, which are any tenant’s records',
    by: ['DeadLettersQuarantine/k', 'DeadLettersRedrive/k'].flatMap((each) =>
      on(each, 's3:GetObject', 's3:GetObjectVersion'),
    ),
  },
  {
    does: 'write a dead letter',
    by: ['DeadLettersQuarantine/k', 'DeadLettersRedrive/k'].flatMap((each) =>
      on(each, 's3:PutObject'),
    ),
  },
  {
    does: 'put a delete marker on a dead letter',
    by: ['DeadLettersQuarantine/k', 'DeadLettersRedrive/k'].flatMap((each) =>
      on(each, 's3:DeleteObject'),
    ),
  },
  {
    does: 'delete a version of a dead letter, or its lock',
    by: ['DeadLettersQuarantine/k', 'DeadLettersRedrive/k'].flatMap((each) =>
      on(each, 's3:DeleteObjectVersion', 's3:BypassGovernanceRetention', 's3:PutObjectRetention'),
    ),
  },
  {
    does: 'change what the auditor knows of producers',
    by: items('Producers', 'acme', ...makes, ...removes),
  },
  {
    does: 'make cursors and viewer tokens',
    by: on('CursorKey', 'kms:GenerateMac'),
  },
  {
    does: 'take away what protects the data',
    by: [
      ...on('Batches', 'dynamodb:UpdateTimeToLive', 'dynamodb:PutResourcePolicy'),
      ...on('DeadLettersQuarantine', 's3:PutBucketPolicy', 's3:PutLifecycleConfiguration'),
      ...on('SigningKey', 'kms:PutKeyPolicy', 'kms:ScheduleKeyDeletion'),
    ],
  },
];
