import { Match } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, test } from 'vitest';
import { auditorEnv } from '../../src/auditor/env.ts';
import { consumerEnv } from '../../src/consumer/env.ts';
import { provision } from '../../src/local/template/provision.ts';
import { readEnv } from '../../src/read/env.ts';
import { tokenEnv } from '../../src/token/env.ts';
import { type Calls, recordingProvider } from '../fake/recording-provider.ts';
import { assemble, prodContext } from '../fixture/assemble.ts';

const place = { account: '111122223333', region: 'eu-west-1' };
const dev = assemble();
const prod = assemble(prodContext);

/** Physical names as the local provisioner makes them, without what tells logical ids apart. */
const readable = <T>(value: T): T =>
  JSON.parse(
    JSON.stringify(value)
      .replaceAll(/Sealtrail(Data|Service)-dev-(\w+?)[0-9A-F]{8}\b/g, '$2')
      .replaceAll(/sealtrail(data|service)-dev-(\w+?)[0-9a-f]{8}\b/g, '$2'),
  );

const table = (name: string) => `arn:aws:dynamodb:eu-west-1:111122223333:table/${name}`;
const stream = 'arn:aws:kinesis:eu-west-1:111122223333:stream/Stream';
const signingKey = 'arn:aws:kms:eu-west-1:111122223333:key/ECC_NIST_EDWARDS25519';
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
  const recording = recordingProvider(place);
  await provision({ assembly: dev.assembly, place, provider: recording.provider });
  calls = readable(recording.calls);
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
        ...allow('RevokeGrants', 'dynamodb:PartiQLInsert', table('Grants')),
        Condition: keysLike('revoked#*'),
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

describe('the HTTP API', () => {
  test('has these routes, each to its function, which it alone may be invoked for', () => {
    const routes = calls.route.map(({ key, integrationId }) => {
      const { functionArn } = calls.integration[Number(integrationId.split('-')[1]) - 1] ?? {};
      return `${key} → ${functionArn?.split(':').at(-1)}`;
    });
    expect(routes.sort()).toEqual([
      'GET / → sealtrail-dev-read',
      'GET /.well-known/jwks.json → sealtrail-dev-token',
      'GET /v1/batches → sealtrail-dev-read',
      'GET /v1/events → sealtrail-dev-read',
      'GET /v1/events/{id} → sealtrail-dev-read',
      'GET /v1/events/{id}/proof → sealtrail-dev-read',
      'GET /v1/feed → sealtrail-dev-read',
      'GET /v1/openapi.json → sealtrail-dev-read',
      'GET /v1/producers → sealtrail-dev-read',
      'GET /v1/quarantine → sealtrail-dev-read',
      'GET /v1/stats → sealtrail-dev-read',
      'POST /v1/commits → sealtrail-dev-token',
      'POST /v1/credentials → sealtrail-dev-token',
      'POST /v1/viewer-tokens → sealtrail-dev-read',
    ]);
    const permissions = calls.permission
      .filter(({ principal }) => principal === 'apigateway.amazonaws.com')
      .map(
        ({ functionName, principal, sourceArn }) =>
          `${principal} ${sourceArn?.split(':api/')[1]} → ${functionName}`,
      );
    expect(permissions.sort()).toEqual([
      'apigateway.amazonaws.com */*/ → sealtrail-dev-read',
      'apigateway.amazonaws.com */*/.well-known/jwks.json → sealtrail-dev-token',
      'apigateway.amazonaws.com */*/v1/batches → sealtrail-dev-read',
      'apigateway.amazonaws.com */*/v1/commits → sealtrail-dev-token',
      'apigateway.amazonaws.com */*/v1/credentials → sealtrail-dev-token',
      'apigateway.amazonaws.com */*/v1/events → sealtrail-dev-read',
      'apigateway.amazonaws.com */*/v1/events/{id} → sealtrail-dev-read',
      'apigateway.amazonaws.com */*/v1/events/{id}/proof → sealtrail-dev-read',
      'apigateway.amazonaws.com */*/v1/feed → sealtrail-dev-read',
      'apigateway.amazonaws.com */*/v1/openapi.json → sealtrail-dev-read',
      'apigateway.amazonaws.com */*/v1/producers → sealtrail-dev-read',
      'apigateway.amazonaws.com */*/v1/quarantine → sealtrail-dev-read',
      'apigateway.amazonaws.com */*/v1/stats → sealtrail-dev-read',
      'apigateway.amazonaws.com */*/v1/viewer-tokens → sealtrail-dev-read',
    ]);
  });

  test('lets pages of these origins read, and no others; by default none', () => {
    const corsOf = (template: typeof dev.service) =>
      Object.values(template.findResources('AWS::ApiGatewayV2::Api'))[0]?.['Properties']
        .CorsConfiguration;
    expect(corsOf(dev.service)).toBeUndefined();
    const origins = 'https://app.example,http://localhost:3000';
    expect(corsOf(assemble({ viewerOrigins: origins }).service)).toEqual({
      AllowOrigins: origins.split(','),
      AllowMethods: ['GET'],
      AllowHeaders: ['accept', 'authorization', 'if-none-match'],
      ExposeHeaders: ['etag', 'link', 'sealtrail-order'],
      MaxAge: 3600,
    });
    for (const wrong of ['*', 'https://*.example', 'app.example', 'https://app.example/'])
      expect(() => assemble({ viewerOrigins: wrong })).toThrow('viewerOrigins');
  });

  test('is throttled, and logs no header, path or query', () => {
    const stages = Object.values(dev.service.findResources('AWS::ApiGatewayV2::Stage'));
    expect(stages).toHaveLength(1);
    const properties = stages[0]?.['Properties'];
    expect(properties).toMatchObject({
      StageName: '$default',
      AutoDeploy: true,
      DefaultRouteSettings: { ThrottlingRateLimit: 500, ThrottlingBurstLimit: 1000 },
    });
    const logged = Object.values(JSON.parse(properties.AccessLogSettings.Format));
    expect(logged).toContain('$context.routeKey');
    expect(logged.filter((each) => /path|query|authorizer|header/i.test(String(each)))).toEqual([]);
  });
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
