import { Match } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { auditorEnv } from '../../src/auditor/env.ts';
import { consumerEnv } from '../../src/consumer/env.ts';
import { readEnv } from '../../src/read/env.ts';
import { tokenEnv } from '../../src/token/env.ts';
import type { Calls } from '../fake/recording-provider.ts';
import { assemble, prodContext } from '../fixture/assemble.ts';
import { provisioned, signingKey, stream } from '../fixture/provisioned.ts';

const dev = assemble();
const prod = assemble(prodContext);

let calls: Calls;
beforeAll(async () => {
  calls = await provisioned(dev.assembly);
});

describe('the functions', () => {
  const stage = { STAGE: 'dev' };
  const common = { ...stage, ISSUER: 'sealtrail/dev', ISSUER_KEYS: signingKey };

  test.each([
    [
      'token',
      tokenEnv,
      {
        ...common,
        REGISTRY_TABLE: 'Registry',
        GRANTS_TABLE: 'Grants',
        QUOTAS_TABLE: 'Quotas',
        BATCHES_TABLE: 'Batches',
        STREAM_NAME: 'Stream',
        STREAM_ARN: stream,
        WRITER_ROLE_ARN: 'arn:aws:iam::111122223333:role/TokenServiceWriter',
        SESSION_SECONDS: '3600',
      },
    ],
    [
      'consumer',
      consumerEnv,
      {
        ...common,
        BATCHES_TABLE: 'Batches',
        GRANTS_TABLE: 'Grants',
        QUARANTINE_BUCKET: 'deadlettersquarantine',
        REDRIVE_BUCKET: 'deadlettersredrive',
        GRANT_BYTES: '21474836480',
        GRANT_FAULTS: '10000',
      },
    ],
    [
      'read',
      readEnv,
      {
        ...common,
        BATCHES_TABLE: 'Batches',
        GRANTS_TABLE: 'Grants',
        REGISTRY_TABLE: 'Registry',
        PRODUCERS_TABLE: 'Producers',
        QUARANTINE_BUCKET: 'deadlettersquarantine',
        CURSOR_KEY: 'arn:aws:kms:eu-west-1:111122223333:key/HMAC_256',
        TOKEN_FUNCTION: 'arn:aws:lambda:eu-west-1:111122223333:function:sealtrail-dev-token',
        QUOTAS_TABLE: 'Quotas',
        READ_QUOTA_KEY: '6000',
        READ_QUOTA_VIEWER: '600',
        READS_MUST_BE_RECORDED: 'false',
        VIEWER_ORIGINS: '',
      },
    ],
    [
      'auditor',
      auditorEnv,
      {
        ...stage,
        REGISTRY_TABLE: 'Registry',
        BATCHES_TABLE: 'Batches',
        PRODUCERS_TABLE: 'Producers',
        GAP_GRACE_SECONDS: '120',
      },
    ],
  ] as const)('%s has this environment, which its handler takes', (name, schema, own) => {
    const made = calls.function.find((each) => each.name === `sealtrail-dev-${name}`);
    expect(made?.environment).toEqual(own);
    expect(schema.strict().safeParse(made?.environment).error).toBeUndefined();
  });

  test('run on Node 24 and arm64, and their logs end', () => {
    dev.service.resourceCountIs('AWS::Lambda::Function', 4);
    dev.service.allResourcesProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      LoggingConfig: { LogGroup: Match.anyValue() },
      VpcConfig: Match.absent(),
    });
    dev.service.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 7 });
    prod.service.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 90 });
  });

  test('a key that is made is known everywhere before it signs, and the one before after', () => {
    const signs = (context: Record<string, string>) => {
      const { service } = assemble(context);
      const [policy] = Object.values(service.findResources('AWS::IAM::Policy')).filter(
        ({ Properties }) => /^TokenServiceTokenRole/.test(Properties.PolicyName),
      );
      const statements: { Sid: string; Resource: unknown }[] =
        policy?.['Properties'].PolicyDocument.Statement ?? [];
      const named = (sid: string) =>
        [statements.find(({ Sid }) => Sid === sid)?.Resource]
          .flat()
          .map((each) => /Att(SigningKey\d?)[0-9A-F]{8}Arn/.exec(JSON.stringify(each))?.[1]);
      return { signs: named('SignGrants'), verifies: named('ReadIssuerKeys') };
    };
    expect(signs({ signingKeys: '2', signWith: '1' })).toEqual({
      signs: ['SigningKey'],
      verifies: ['SigningKey', 'SigningKey2'],
    });
    expect(signs({ signingKeys: '2' })).toEqual({
      signs: ['SigningKey2'],
      verifies: ['SigningKey2', 'SigningKey'],
    });
  });

  test('a retired key still verifies: it is named, and may be read', () => {
    const retired = 'arn:aws:kms:eu-west-1:111122223333:key/old';
    const { service } = assemble({ retiredIssuerKeys: retired });
    const text = JSON.stringify(service.toJSON());
    expect(text.split(`,${retired}`)).toHaveLength(1 + 3);
    service.resourcePropertiesCountIs(
      'AWS::IAM::Policy',
      {
        PolicyDocument: {
          Statement: Match.arrayWith([
            Match.objectLike({
              Action: 'kms:GetPublicKey',
              Resource: [Match.anyValue(), retired],
            }),
          ]),
        },
      },
      3,
    );
  });
});

test('the mapping reads from the beginning, splits what fails, and keeps what it gives up', () => {
  expect(calls.eventSourceMapping).toEqual([
    {
      functionName: 'sealtrail-dev-consumer',
      streamArn: stream,
      startingPosition: 'TRIM_HORIZON',
      batchSize: 100,
      batchWindowSeconds: 1,
      parallelizationFactor: 10,
      reportBatchItemFailures: true,
      bisectBatchOnFunctionError: true,
      maximumRetryAttempts: 100,
      maximumRecordAgeSeconds: -1,
      destinationBucket: 'deadlettersredrive',
    },
  ]);
});

test('the auditor runs every minute, by a rule that alone may invoke it', () => {
  expect(calls.rule).toEqual([
    {
      name: expect.stringMatching(/EveryMinute/),
      everySeconds: 60,
      functionNames: ['sealtrail-dev-auditor'],
    },
  ]);
  expect(calls.permission.filter(({ functionName }) => /auditor/.test(functionName))).toEqual([
    {
      functionName: 'sealtrail-dev-auditor',
      action: 'lambda:InvokeFunction',
      principal: 'events.amazonaws.com',
      sourceArn: `arn:aws:events:eu-west-1:111122223333:rule/${calls.rule[0]?.name}`,
    },
  ]);
});

test('a stage’s outputs say where everything is', () => {
  expect(Object.keys(dev.service.findOutputs('*'))).toEqual([
    'ApiUrl',
    'Region',
    'Stage',
    'ConsumerFunction',
    'Issuer',
  ]);
  expect(
    Object.keys(dev.data.findOutputs('*')).filter((name) => !name.startsWith('Exports')),
  ).toEqual([
    'StreamName',
    'BatchesTable',
    'GrantsTable',
    'RegistryTable',
    'QuotasTable',
    'ProducersTable',
    'QuarantineBucket',
    'RedriveBucket',
    'DeadLetterQueueUrl',
    'SigningKeyArn',
  ]);
});
