import { beforeAll, describe, expect, test } from 'vitest';
import { operatorsAssembly } from '../../src/local/policies/operators-assembly.ts';
import type { PolicyDocument, Principal } from '../../src/local/service.ts';
import { type Decision, simulate } from '../../src/local/simulate.ts';
import { provision } from '../../src/local/template/provision.ts';
import {
  batchPartition,
  calendarPartition,
  feedPartition,
  tallyPartition,
} from '../../src/store/keys.ts';
import { sessionVendor } from '../../src/token/vend.ts';
import { type Calls, recordingProvider } from '../fake/recording-provider.ts';
import { prodContext } from '../fixture/assemble.ts';

/** The policies of prod, with a key of its own for the stream, as IAM would evaluate them. */
const place = { account: '123456789012', region: 'eu-west-1' };
const arn = (service: string, rest: string) =>
  `arn:aws:${service}:${place.region}:${place.account}:${rest}`;
const role = (name: string) => `arn:aws:iam::${place.account}:role/${name}`;
const via = { 'kms:ViaService': 'kinesis.eu-west-1.amazonaws.com' };
const signing = { 'kms:SigningAlgorithm': 'ED25519_SHA_512' };

let calls: Calls;
let sessionPolicy: PolicyDocument;
beforeAll(async () => {
  const recording = recordingProvider(place);
  const assembly = await operatorsAssembly({ ...prodContext, streamKey: 'own' });
  await provision({ assembly, place, provider: recording.provider });
  calls = recording.calls;
  const { STREAM_ARN, STREAM_KEY_ARN } =
    calls.function.find(({ name }) => name.endsWith('-token'))?.environment ?? {};
  const vend = sessionVendor({
    roleArn: 'r',
    streamArn: STREAM_ARN ?? '',
    streamKeyArn: STREAM_KEY_ARN,
    async assumeRole({ Policy }) {
      sessionPolicy = JSON.parse(Policy ?? '');
      return {
        Credentials: {
          AccessKeyId: 'a',
          SecretAccessKey: 's',
          SessionToken: 't',
          Expiration: new Date(0),
        },
      };
    },
  });
  await vend({ grantId: 'g', tenant: 'acme', client: 'c', seconds: 900 });
});

/** The one of these whose name has this part. */
function the<T>(all: readonly T[], nameOf: (each: T) => string, part: string): T {
  const found = all.filter((each) => nameOf(each).includes(part));
  expect(found.map(nameOf), part).toHaveLength(1);
  return found[0] as T;
}

/** `table/Batches`, `bucket/Quarantine/key`, `stream`, `key/Signing`, `role/Writer`, `queue`, or an ARN. */
function resource(named: string): { arn: string; policy?: PolicyDocument | undefined } {
  const [kind, name = '', ...rest] = named.split('/');
  const below = rest.length === 0 ? '' : `/${rest.join('/')}`;
  switch (kind) {
    case 'table': {
      const { TableName, policy } = the(calls.table, (each) => each.TableName, name);
      return { arn: arn('dynamodb', `table/${TableName}${below}`), policy };
    }
    case 'bucket': {
      const found = the(calls.bucketPolicy, (each) => each.bucket, name);
      return { arn: `arn:aws:s3:::${found.bucket}${below}`, policy: found.policy };
    }
    case 'stream':
      return { arn: arn('kinesis', `stream/${calls.stream[0]?.name}`) };
    case 'key': {
      const { spec, policy } = the(calls.key, (each) => each.spec, name);
      return { arn: arn('kms', `key/${spec}`), policy };
    }
    case 'role': {
      const found = the(calls.role, (each) => each.name, name);
      return { arn: role(found.name), policy: found.trust };
    }
    case 'queue':
      return { arn: arn('sqs', calls.queue[0]?.name ?? ''), policy: calls.queuePolicy[0]?.policy };
    default:
      return { arn: named };
  }
}

const everything: PolicyDocument = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
};

function ofRole(part: string): Principal {
  const found = the(calls.role, (each) => each.name, part);
  const attached = calls.policy.filter(({ roles }) => roles.includes(found.name));
  return {
    arn: `arn:aws:sts::${place.account}:assumed-role/${found.name}/session`,
    roleArn: role(found.name),
    identityPolicies: [...found.policies, ...attached],
    tags: {},
  };
}

const administrator = (name: string): Principal => ({
  arn: role(name),
  roleArn: role(name),
  identityPolicies: [{ name: 'AdministratorAccess', policy: everything }],
  tags: {},
});

const service = (name: string): Principal => ({ arn: name, identityPolicies: [], tags: {} });

const session = (tenant: string): Principal => ({
  ...ofRole('Writer'),
  sessionPolicy,
  tags: { tenant },
});

const principals = {
  token: () => ofRole('TokenServiceToken'),
  consumer: () => ofRole('ConsumerRole'),
  read: () => ofRole('ReadApiRead'),
  auditor: () => ofRole('Auditor'),
  administration: () => ofRole('grantAdministration'),
  redrive: () => ofRole('grantRedrive'),
  session: () => session('acme'),
  'another’s session': () => session('globex'),
  administrator: () => administrator('admin'),
  'break-glass': () => administrator('break-glass'),
  s3: () => service('s3.amazonaws.com'),
  lambda: () => service('lambda.amazonaws.com'),
};

const leading = (...keys: string[]) => ({ 'dynamodb:LeadingKeys': keys });

type Row = [
  who: keyof typeof principals,
  action: string,
  on: string,
  context?: Record<string, string | string[]>,
];

async function decide(
  [who, action, on, context = {}]: Row,
  principal: Principal = principals[who](),
): Promise<Decision> {
  const { arn: resourceArn, policy } = resource(on);
  return simulate(place, principal, {
    action,
    resource: resourceArn,
    context,
    ...(policy !== undefined && { resourcePolicy: policy }),
  });
}

/** A partition of every form that the consumer inserts into, as the store names them. */
const inserted = [
  batchPartition('acme', '2026-11-24', 3),
  feedPartition('acme', '2026-11-24', 0),
  calendarPartition('acme'),
  tallyPartition('acme', 'g'),
].map((key) => leading(key));

describe('what is needed is allowed', () => {
  test.each<Row>([
    ['token', 'kms:Sign', 'key/ECC', signing],
    ['token', 'kms:GetPublicKey', 'key/ECC'],
    ['token', 'dynamodb:PartiQLInsert', 'table/Grants', leading('Gg4c')],
    ['token', 'dynamodb:BatchGetItem', 'table/Grants'],
    ['token', 'dynamodb:GetItem', 'table/Registry'],
    ['token', 'dynamodb:UpdateItem', 'table/Quotas'],
    ['token', 'dynamodb:BatchGetItem', 'table/Batches'],
    ['token', 'sts:AssumeRole', 'role/Writer'],
    ['token', 'sts:TagSession', 'role/Writer'],
    ['session', 'kinesis:PutRecords', 'stream'],
    ['session', 'kms:GenerateDataKey', 'key/SYMMETRIC', via],
    ['consumer', 'kinesis:GetRecords', 'stream'],
    ['consumer', 'kms:Decrypt', 'key/SYMMETRIC', via],
    ...inserted.map((key): Row => ['consumer', 'dynamodb:PartiQLInsert', 'table/Batches', key]),
    ['consumer', 'dynamodb:PartiQLInsert', 'table/Grants', leading('stopped#g')],
    ['consumer', 'dynamodb:Query', 'table/Batches', leading('acme#tally#g')],
    ['consumer', 'dynamodb:BatchGetItem', 'table/Grants'],
    ['consumer', 's3:PutObject', 'bucket/quarantine/day/1'],
    ['consumer', 's3:PutObject', 'bucket/redrive/aws/lambda/1'],
    ['read', 'dynamodb:Query', 'table/Batches'],
    ['read', 'dynamodb:Query', 'table/Batches/index/summary'],
    ['read', 'kms:GenerateMac', 'key/HMAC'],
    ['read', 'dynamodb:Query', 'table/Producers'],
    ['read', 'dynamodb:UpdateItem', 'table/Quotas', leading('read#k1#29400000')],
    ['read', 's3:GetObject', 'bucket/quarantine/day/1'],
    ['read', 's3:ListBucket', 'bucket/quarantine'],
    ['read', 'lambda:InvokeFunction', arn('lambda', 'function:sealtrail-prod-token')],
    ['auditor', 'dynamodb:Query', 'table/Batches', leading('acme#feed#2026-11-24#0')],
    ['auditor', 'dynamodb:Query', 'table/Batches', leading('acme#calendar')],
    ['auditor', 'dynamodb:PutItem', 'table/Producers'],
    ['auditor', 'dynamodb:Query', 'table/Producers/index/watch'],
    ...(['administration', 'redrive'] as const).flatMap((who): Row[] => [
      [who, 'kms:Sign', 'key/ECC', signing],
      [who, 'kms:GetPublicKey', 'key/ECC'],
      [who, 'dynamodb:PartiQLInsert', 'table/Grants', leading('Gg4c')],
      [who, 'dynamodb:GetItem', 'table/Registry', leading('tenant#system')],
      [who, 'dynamodb:PartiQLInsert', 'table/Registry', leading('tenant#system')],
      [who, 'kinesis:PutRecord', 'stream'],
      [who, 'kms:GenerateDataKey', 'key/SYMMETRIC', via],
    ]),
    ['administration', 'dynamodb:PartiQLInsert', 'table/Registry', leading('key#k')],
    ['administration', 'dynamodb:UpdateItem', 'table/Registry', leading('key#k')],
    ['administration', 'dynamodb:GetItem', 'table/Registry', leading('key#k')],
    ['administration', 'dynamodb:PartiQLInsert', 'table/Grants', leading('revoked#g')],
    ['redrive', 'lambda:InvokeFunction', arn('lambda', 'function:sealtrail-prod-consumer')],
    ['redrive', 's3:GetObject', 'bucket/quarantine/day/1'],
    ['redrive', 's3:DeleteObject', 'bucket/redrive/day/1'],
    ['redrive', 'sqs:DeleteMessage', 'queue'],
    ['s3', 'sqs:SendMessage', 'queue', { 'aws:SourceAccount': place.account }],
    ['lambda', 'sts:AssumeRole', 'role/ConsumerRole'],
    ['break-glass', 'dynamodb:DeleteItem', 'table/Batches'],
    ['break-glass', 'dynamodb:UpdateTimeToLive', 'table/Batches'],
    ['break-glass', 's3:DeleteObjectVersion', 'bucket/quarantine/day/1'],
    ['break-glass', 's3:BypassGovernanceRetention', 'bucket/quarantine/day/1'],
    ['break-glass', 'kms:ScheduleKeyDeletion', 'key/ECC'],
    ['administrator', 'dynamodb:PartiQLInsert', 'table/Batches'],
    ['administrator', 's3:DeleteObject', 'bucket/quarantine/day/1'],
  ])('%s: %s on %s', async (...row) => {
    expect(await decide(row)).toBe('Allowed');
  });
});

describe('what is not needed is not allowed', () => {
  test.each<Row>([
    // A signature over anything but Ed25519, another key, another role, the records themselves.
    ['token', 'kms:Sign', 'key/ECC', { 'kms:SigningAlgorithm': 'ED25519_PH_SHA_512' }],
    ['token', 'kms:GenerateMac', 'key/HMAC'],
    ['token', 'kms:CreateGrant', 'key/ECC'],
    ['token', 'kms:Decrypt', 'key/SYMMETRIC', via],
    ['token', 'sts:AssumeRole', 'role/ConsumerRole'],
    ['token', 'kinesis:PutRecords', 'stream'],
    ['token', 'dynamodb:PutItem', 'table/Grants'],
    ['token', 'dynamodb:PartiQLInsert', 'table/Grants'],
    ['token', 'dynamodb:DeleteItem', 'table/Grants'],
    ['token', 'dynamodb:Scan', 'table/Grants'],
    ['token', 'dynamodb:PutItem', 'table/Registry'],
    ['token', 'dynamodb:Scan', 'table/Registry'],
    ['token', 'dynamodb:Query', 'table/Batches'],
    ['token', 'dynamodb:PartiQLInsert', 'table/Batches'],
    // A session puts, and that is all; to this stream only, whoever's it is.
    ['session', 'kinesis:PutRecord', 'stream'],
    ['session', 'kinesis:GetRecords', 'stream'],
    ['session', 'kinesis:DescribeStream', 'stream'],
    ['session', 'kinesis:PutRecords', arn('kinesis', 'stream/another')],
    ['session', 'kinesis:PutRecords', arn('kinesis', 'stream/*')],
    ['session', 'kms:GenerateDataKey', 'key/SYMMETRIC'],
    ['session', 'kms:Decrypt', 'key/SYMMETRIC', via],
    ['session', 'sts:AssumeRole', 'role/Writer'],
    ['session', 'dynamodb:GetItem', 'table/Batches'],
    ['another’s session', 'kinesis:GetRecords', 'stream'],
    ['another’s session', 'kinesis:DecreaseStreamRetentionPeriod', 'stream'],
    // The consumer inserts; it reads nothing that is stored and shortens nothing. It ends grants and makes none.
    ['consumer', 'dynamodb:GetItem', 'table/Batches'],
    ['consumer', 'dynamodb:Query', 'table/Batches'],
    ['consumer', 'dynamodb:Query', 'table/Batches', leading('acme#2026-11-24#0')],
    ['consumer', 'dynamodb:Query', 'table/Batches/index/summary', leading('acme#tally#g')],
    ['consumer', 'dynamodb:PartiQLInsert', 'table/Batches'],
    ['consumer', 'dynamodb:PartiQLInsert', 'table/Batches', leading('acme')],
    ['consumer', 'dynamodb:PartiQLInsert', 'table/Batches', leading('acme#else')],
    ['consumer', 'dynamodb:PartiQLInsert', 'table/Batches', leading('acme#calendar#2')],
    ['consumer', 'dynamodb:PartiQLInsert', 'table/Batches', leading('acme#calendar', 'acme#else')],
    ['consumer', 'dynamodb:PartiQLInsert', 'table/Grants'],
    ['consumer', 'dynamodb:PartiQLInsert', 'table/Grants', leading('g')],
    ['consumer', 'dynamodb:PartiQLInsert', 'table/Grants', leading('stopped#g', 'g')],
    ['consumer', 'dynamodb:PartiQLInsert', 'table/Grants', leading('revoked#g')],
    ['consumer', 'dynamodb:PartiQLInsert', 'table/Registry'],
    ['consumer', 'kinesis:DecreaseStreamRetentionPeriod', 'stream'],
    ['consumer', 'kinesis:DeleteStream', 'stream'],
    ['consumer', 'kinesis:PutRecords', 'stream'],
    ['consumer', 'kms:Sign', 'key/ECC', signing],
    ['consumer', 's3:GetObject', 'bucket/quarantine/day/1'],
    ['consumer', 's3:DeleteObject', 'bucket/quarantine/day/1'],
    ['consumer', 's3:PutObject', 'arn:aws:s3:::somebody-elses/day/1'],
    ['consumer', 'sqs:DeleteMessage', 'queue'],
    // The reader reads.
    ['read', 'dynamodb:Scan', 'table/Batches'],
    ['read', 'dynamodb:PartiQLInsert', 'table/Batches'],
    ['read', 'dynamodb:Query', 'table/Registry'],
    ['read', 'dynamodb:Query', 'table/Batches/index/*'],
    ['read', 'kms:Sign', 'key/ECC', signing],
    ['read', 's3:PutObject', 'bucket/quarantine/day/1'],
    ['read', 's3:GetObject', 'bucket/redrive/day/1'],
    ['read', 'kinesis:PutRecords', 'stream'],
    // It asks the token function, and no other, for what reads are recorded with.
    ['read', 'lambda:InvokeFunction', arn('lambda', 'function:sealtrail-prod-consumer')],
    ['read', 'sts:AssumeRole', 'role/Writer'],
    ['read', 'dynamodb:PutItem', 'table/Producers'],
    // It counts what readers ask, never what clients may ask of the token service.
    ['read', 'dynamodb:UpdateItem', 'table/Quotas', leading('k1#29400000')],
    ['read', 'dynamodb:UpdateItem', 'table/Quotas'],
    ['read', 'dynamodb:DeleteItem', 'table/Quotas', leading('read#k1#29400000')],
    // The auditor reads what the feed names, never what it is about.
    ['auditor', 'dynamodb:Query', 'table/Batches', leading('acme#2026-11-24#0')],
    ['auditor', 'dynamodb:Query', 'table/Batches', leading('acme#calendar', 'acme#2026-11-24#0')],
    ['auditor', 'dynamodb:Query', 'table/Batches'],
    ['auditor', 'dynamodb:GetItem', 'table/Batches'],
    ['auditor', 'dynamodb:PutItem', 'table/Registry'],
    ['auditor', 'dynamodb:DeleteItem', 'table/Producers'],
    ['auditor', 'kms:Sign', 'key/ECC', signing],
    // Operators of either kind change no batch and no grant, and replace nothing.
    ...(['administration', 'redrive'] as const).flatMap((who): Row[] => [
      [who, 'kms:Sign', 'key/ECC', { 'kms:SigningAlgorithm': 'ED25519_PH_SHA_512' }],
      [who, 'kms:Sign', 'key/ECC'],
      [who, 'dynamodb:PutItem', 'table/Registry', leading('tenant#system')],
      [who, 'dynamodb:PutItem', 'table/Registry', leading('key#k')],
      [who, 'dynamodb:DeleteItem', 'table/Registry', leading('key#k')],
      [who, 'dynamodb:PartiQLInsert', 'table/Batches', leading('acme#2026-11-24#0')],
      [who, 'dynamodb:Query', 'table/Batches', leading('acme#2026-11-24#0')],
      [who, 'dynamodb:PartiQLInsert', 'table/Grants', leading('stopped#g')],
      [who, 'dynamodb:PutItem', 'table/Grants', leading('Gg4c')],
      [who, 'kinesis:GetRecords', 'stream'],
      [who, 'kms:GenerateMac', 'key/HMAC'],
      [who, 'kms:Decrypt', 'key/SYMMETRIC', via],
      [who, 'lambda:InvokeFunction', arn('lambda', 'function:sealtrail-prod-token')],
    ]),
    // Who redrives makes no key, reads none, and ends no grant.
    ['redrive', 'dynamodb:PartiQLInsert', 'table/Registry', leading('key#k')],
    ['redrive', 'dynamodb:PartiQLInsert', 'table/Registry', leading('tenant#acme')],
    ['redrive', 'dynamodb:PartiQLInsert', 'table/Registry', leading('tenant#system', 'key#k')],
    ['redrive', 'dynamodb:PartiQLInsert', 'table/Registry'],
    ['redrive', 'dynamodb:UpdateItem', 'table/Registry', leading('tenant#system')],
    ['redrive', 'dynamodb:GetItem', 'table/Registry'],
    ['redrive', 'dynamodb:GetItem', 'table/Registry', leading('tenant#acme')],
    ['redrive', 'dynamodb:BatchGetItem', 'table/Registry', leading('key#k')],
    ['redrive', 'dynamodb:Scan', 'table/Registry'],
    ['redrive', 'dynamodb:PartiQLInsert', 'table/Grants', leading('revoked#g')],
    ['redrive', 'dynamodb:PartiQLInsert', 'table/Grants', leading('Gg4c', 'revoked#g')],
    ['redrive', 'dynamodb:Scan', 'table/Grants'],
    ['administration', 'lambda:InvokeFunction', arn('lambda', 'function:sealtrail-prod-consumer')],
    ['administration', 's3:GetObject', 'bucket/quarantine/day/1'],
    // Services, for others than this account.
    ['s3', 'sqs:SendMessage', 'queue', { 'aws:SourceAccount': '999999999999' }],
    ['lambda', 'sts:AssumeRole', 'role/Writer'],
    // A role is assumed by whom it trusts, whatever else somebody may.
    ['administrator', 'sts:AssumeRole', 'role/Writer'],
    ['administrator', 'sts:AssumeRole', 'role/ConsumerRole'],
  ])('%s: %s on %s', async (...row) => {
    expect(await decide(row)).toBe('ImplicitlyDenied');
  });
});

describe('what nobody may is denied to who may everything', () => {
  test.each<Row>([
    ['administrator', 'dynamodb:PutItem', 'table/Batches'],
    ['administrator', 'dynamodb:UpdateItem', 'table/Batches'],
    ['administrator', 'dynamodb:DeleteItem', 'table/Batches'],
    ['administrator', 'dynamodb:BatchWriteItem', 'table/Batches'],
    ['administrator', 'dynamodb:PartiQLUpdate', 'table/Batches'],
    ['administrator', 'dynamodb:PartiQLDelete', 'table/Batches'],
    ['administrator', 'dynamodb:UpdateTimeToLive', 'table/Batches'],
    ['administrator', 'dynamodb:UpdateTable', 'table/Batches'],
    ['administrator', 'dynamodb:DeleteTable', 'table/Batches'],
    ['administrator', 'dynamodb:PutResourcePolicy', 'table/Batches'],
    ['administrator', 'dynamodb:DeleteResourcePolicy', 'table/Batches'],
    ['administrator', 's3:DeleteObjectVersion', 'bucket/quarantine/day/1'],
    ['administrator', 's3:DeleteObjectVersion', 'bucket/redrive/day/1'],
    ['administrator', 's3:BypassGovernanceRetention', 'bucket/quarantine/day/1'],
    ['administrator', 's3:PutLifecycleConfiguration', 'bucket/quarantine'],
    ['administrator', 's3:PutBucketPolicy', 'bucket/redrive'],
    ['administrator', 's3:DeleteBucket', 'bucket/quarantine'],
    ['administrator', 'kms:ScheduleKeyDeletion', 'key/ECC'],
    ['administrator', 'kms:DisableKey', 'key/SYMMETRIC'],
    ['administrator', 'kms:PutKeyPolicy', 'key/HMAC'],
    ['consumer', 'dynamodb:PutItem', 'table/Batches'],
    ['read', 'dynamodb:DeleteItem', 'table/Batches'],
    ['token', 'dynamodb:PartiQLDelete', 'table/Batches'],
    // The token service makes grants, and ends none.
    ['token', 'dynamodb:PartiQLInsert', 'table/Grants', leading('revoked#g')],
    ['token', 'dynamodb:PartiQLInsert', 'table/Grants', leading('stopped#g')],
    ['token', 'dynamodb:PartiQLInsert', 'table/Grants', leading('g', 'revoked#g')],
    ['redrive', 's3:DeleteObjectVersion', 'bucket/quarantine/day/1'],
    ['administration', 's3:DeleteObjectVersion', 'bucket/redrive/day/1'],
    ['consumer', 's3:DeleteObjectVersion', 'bucket/redrive/day/1'],
  ])('%s: %s on %s', async (...row) => {
    expect(await decide(row)).toBe('ExplicitlyDenied');
  });
});

test('one Deny by tenant stops that tenant’s sessions at once, and no other’s', async () => {
  const brake: PolicyDocument = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Deny',
        Action: '*',
        Resource: '*',
        Condition: { StringEquals: { 'aws:PrincipalTag/tenant': 'acme' } },
      },
    ],
  };
  const braked = (principal: Principal): Principal => ({
    ...principal,
    identityPolicies: [...principal.identityPolicies, { name: 'brake', policy: brake }],
  });
  const put: Row = ['session', 'kinesis:PutRecords', 'stream'];
  expect(await decide(put, braked(session('acme')))).toBe('ExplicitlyDenied');
  expect(await decide(put, braked(session('globex')))).toBe('Allowed');
});

test('a connection without TLS is refused by buckets and queue, by policy', () => {
  const policies = [...calls.bucketPolicy, ...calls.queuePolicy].map(({ policy }) => policy);
  expect(policies).toHaveLength(3);
  for (const { Statement } of policies) {
    expect(Statement).toContainEqual(
      expect.objectContaining({
        Effect: 'Deny',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    );
  }
});

test('these are all the resources with a wildcard that a role is given', () => {
  const given = [...calls.role.flatMap(({ policies }) => policies), ...calls.policy].flatMap(
    ({ policy }) =>
      (policy.Statement as { Resource: string | string[] }[]).flatMap(({ Resource }) => Resource),
  );
  const wild = given.filter((each) => each.includes('*'));
  expect(
    [...new Set(wild)]
      .map((each) => each.replace(/^.*(quarantine|redrive)[0-9a-f]{8}|^.*log-group:/, '$1'))
      .sort(),
  ).toEqual([
    // The streams of a function's own log group.
    '/aws/lambda/sealtrail-prod-auditor:*',
    '/aws/lambda/sealtrail-prod-consumer:*',
    '/aws/lambda/sealtrail-prod-read:*',
    '/aws/lambda/sealtrail-prod-token:*',
    'quarantine/*',
    'redrive/*',
  ]);
});
