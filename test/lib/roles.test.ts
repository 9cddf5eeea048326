import { beforeAll, describe, expect, test } from 'vitest';
import type { Calls } from '../fake/recording-provider.ts';
import { assemble } from '../fixture/assemble.ts';
import { provisioned, signingKey, stream } from '../fixture/provisioned.ts';

const table = (name: string) => `arn:aws:dynamodb:eu-west-1:111122223333:table/${name}`;
const allow = (Sid: string, Action: string | string[], Resource: string | string[]) => ({
  Sid,
  Effect: 'Allow',
  Action,
  Resource,
});
const keysLike = (...patterns: string[]) => ({
  'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': patterns },
  Null: { 'dynamodb:LeadingKeys': 'false' },
});
const log = (name: string) =>
  allow(
    'Log',
    ['logs:CreateLogStream', 'logs:PutLogEvents'],
    `arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/sealtrail-dev-${name}:*`,
  );

let calls: Calls;
beforeAll(async () => {
  calls = await provisioned(assemble().assembly);
});

/** Everything that a role may do, from whatever policy. */
function statements(role: string): unknown[] {
  const own = calls.role.filter(({ name }) => name === role);
  expect(own).toHaveLength(1);
  const attached = calls.policy.filter(({ roles }) => roles.includes(role));
  return [...own.flatMap(({ policies }) => policies), ...attached].flatMap(
    ({ policy }) => policy.Statement,
  );
}

describe('what each role may do, and nothing else', () => {
  test('the five roles are all there are', () => {
    expect(calls.role.map(({ name }) => name).sort()).toEqual([
      'AuditorRole',
      'ConsumerRole',
      'ReadApiReadRole',
      'TokenServiceTokenRole',
      'TokenServiceWriter',
    ]);
  });

  test('the token service', () => {
    expect(statements('TokenServiceTokenRole')).toEqual([
      log('token'),
      {
        ...allow('SignGrants', 'kms:Sign', signingKey),
        Condition: { StringEquals: { 'kms:SigningAlgorithm': 'ED25519_SHA_512' } },
      },
      allow('ReadIssuerKeys', 'kms:GetPublicKey', signingKey),
      allow('InsertGrants', 'dynamodb:PartiQLInsert', table('Grants')),
      allow('ReadGrants', 'dynamodb:BatchGetItem', table('Grants')),
      allow('ReadRegistry', 'dynamodb:GetItem', table('Registry')),
      allow('CountRequests', 'dynamodb:UpdateItem', table('Quotas')),
      allow('FindCommitted', 'dynamodb:BatchGetItem', table('Batches')),
      allow(
        'VendSessions',
        ['sts:AssumeRole', 'sts:TagSession'],
        'arn:aws:iam::111122223333:role/TokenServiceWriter',
      ),
    ]);
  });

  test('a vended session', () => {
    expect(statements('TokenServiceWriter')).toEqual([allow('Put', 'kinesis:PutRecords', stream)]);
  });

  test('the consumer', () => {
    expect(statements('ConsumerRole')).toEqual([
      log('consumer'),
      allow(
        'ReadStream',
        [
          'kinesis:DescribeStream',
          'kinesis:DescribeStreamSummary',
          'kinesis:GetRecords',
          'kinesis:GetShardIterator',
          'kinesis:ListShards',
        ],
        stream,
      ),
      allow('InsertBatches', 'dynamodb:PartiQLInsert', table('Batches')),
      {
        ...allow('SumTallies', 'dynamodb:Query', table('Batches')),
        Condition: keysLike('*#tally#*'),
      },
      {
        ...allow('StopGrants', 'dynamodb:PartiQLInsert', table('Grants')),
        Condition: keysLike('stopped#*'),
      },
      allow('ReadGrants', 'dynamodb:BatchGetItem', table('Grants')),
      allow('ReadIssuerKeys', 'kms:GetPublicKey', signingKey),
      allow('KeepRaw', 's3:PutObject', [
        'arn:aws:s3:::deadlettersquarantine/*',
        'arn:aws:s3:::deadlettersredrive/*',
      ]),
      allow('OnFailurePut', 's3:PutObject', 'arn:aws:s3:::deadlettersredrive/*'),
      allow('OnFailureList', 's3:ListBucket', 'arn:aws:s3:::deadlettersredrive'),
    ]);
  });

  test('the read API', () => {
    expect(statements('ReadApiReadRole')).toEqual([
      log('read'),
      allow(
        'ReadBatches',
        ['dynamodb:Query', 'dynamodb:GetItem', 'dynamodb:BatchGetItem'],
        table('Batches'),
      ),
      allow('ReadSummaries', 'dynamodb:Query', `${table('Batches')}/index/summary`),
      allow('ReadGrants', ['dynamodb:GetItem', 'dynamodb:BatchGetItem'], table('Grants')),
      allow('ReadRegistry', 'dynamodb:GetItem', table('Registry')),
      allow('ReadProducers', 'dynamodb:Query', table('Producers')),
      allow('ReadIssuerKeys', 'kms:GetPublicKey', signingKey),
      allow(
        'DeriveCursorKey',
        'kms:GenerateMac',
        'arn:aws:kms:eu-west-1:111122223333:key/HMAC_256',
      ),
      allow('ListQuarantine', 's3:ListBucket', 'arn:aws:s3:::deadlettersquarantine'),
      allow('ReadQuarantine', 's3:GetObject', 'arn:aws:s3:::deadlettersquarantine/*'),
      allow(
        'AskForReadGrants',
        'lambda:InvokeFunction',
        'arn:aws:lambda:eu-west-1:111122223333:function:sealtrail-dev-token',
      ),
    ]);
  });

  test('the auditor', () => {
    expect(statements('AuditorRole')).toEqual([
      log('auditor'),
      {
        ...allow('FollowFeed', 'dynamodb:Query', table('Batches')),
        Condition: keysLike('*#calendar', '*#feed#*'),
      },
      allow('ListTenants', 'dynamodb:Scan', table('Registry')),
      allow('KeepProducers', ['dynamodb:BatchGetItem', 'dynamodb:PutItem'], table('Producers')),
      allow('ReviewProducers', 'dynamodb:Query', `${table('Producers')}/index/watch`),
    ]);
  });

  test('no statement names every resource', () => {
    const all = calls.role.flatMap(({ name }) => statements(name)) as { Resource: string }[];
    expect(all.length).toBeGreaterThan(20);
    expect(all.flatMap(({ Resource }) => Resource)).not.toContain('*');
  });
});

describe('whom each role trusts', () => {
  test('the writer trusts the token service’s function and nobody else, for an hour', () => {
    const writer = calls.role.find(({ name }) => name === 'TokenServiceWriter');
    const token = { AWS: 'arn:aws:iam::111122223333:role/TokenServiceTokenRole' };
    expect(writer?.maxSessionSeconds).toBe(3600);
    expect(writer?.trust.Statement).toEqual([
      { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: token },
      { Effect: 'Allow', Action: 'sts:TagSession', Principal: token },
    ]);
  });

  test('every other role trusts Lambda', () => {
    const others = calls.role.filter(({ name }) => name !== 'TokenServiceWriter');
    expect(others).toHaveLength(4);
    for (const { trust } of others) {
      expect(trust.Statement).toEqual([
        {
          Effect: 'Allow',
          Action: 'sts:AssumeRole',
          Principal: { Service: 'lambda.amazonaws.com' },
        },
      ]);
    }
  });
});
