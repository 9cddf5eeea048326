import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { expect, test } from 'vitest';
import { AuditPipeline, type AuditPipelineProps, AuditStore } from '../../lib/index.ts';
import { assemble } from '../fixture/assemble.ts';
import { stubFunctions } from '../fixture/stub-functions.ts';

const functions = mkdtempSync(join(tmpdir(), 'sealtrail-functions-'));
stubFunctions(functions);
const breakGlassRoleArn = 'arn:aws:iam::123456789012:role/break-glass';

function pipelineIn(stack: Stack, props: AuditPipelineProps = {}): AuditPipeline {
  return new AuditPipeline(stack, 'Audit', { functions, ...props });
}

const count = (template: Template, type: string) =>
  Object.keys(template.findResources(type)).length;

test('one construct in a stack of somebody’s own is the whole pipeline', () => {
  const stack = new Stack(new App(), 'Theirs');
  const audit = pipelineIn(stack);
  const template = Template.fromStack(stack);
  const ours = assemble();
  for (const type of ['AWS::DynamoDB::Table', 'AWS::KMS::Key', 'AWS::S3::Bucket']) {
    expect(count(template, type)).toBe(count(ours.data, type));
  }
  for (const type of ['AWS::Lambda::Function', 'AWS::IAM::Role', 'AWS::CloudWatch::Alarm']) {
    expect(count(template, type)).toBe(count(ours.service, type));
  }
  expect(stack.resolve(audit.outputs)).toMatchObject({ Stage: 'dev' });
  expect(stack.resolve(audit.url)).toMatchObject({
    'Fn::GetAtt': [expect.stringMatching(/^Audit/), 'ApiEndpoint'],
  });
});

test('a store in a stack of its own stays apart from what has no state', () => {
  const app = new App();
  const store = new AuditStore(new Stack(app, 'Data'), 'Store', {
    stage: 'staging',
    breakGlassRoleArn,
  });
  const stack = new Stack(app, 'Service');
  pipelineIn(stack, { store });
  expect(store.settings.prod).toBe(true);
  const template = Template.fromStack(stack);
  for (const type of ['AWS::DynamoDB::Table', 'AWS::Kinesis::Stream', 'AWS::S3::Bucket']) {
    template.resourceCountIs(type, 0);
  }
  template.hasResourceProperties('AWS::Lambda::Function', {
    FunctionName: 'sealtrail-staging-token',
    Environment: { Variables: Match.objectLike({ ISSUER: 'sealtrail/staging' }) },
  });
});

test('two deployments stand in one account', () => {
  const names = ['dev', 'blue'].map((stage) => {
    const stack = new Stack(new App(), `Audit-${stage}`);
    pipelineIn(stack, { store: { stage, prod: false } });
    return Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function')).map(
      (each) => each['Properties'].FunctionName,
    );
  });
  expect(new Set(names.flat()).size).toBe(names.flat().length);
});

test.each([
  ['a break-glass role that is no ARN', { store: { breakGlassRoleArn: 'x' } }, /breakGlassRoleArn/],
  ['a stage whose name no function could have', { store: { stage: 'My Stage' } }, /stage/],
  ['credentials that outlive role chaining', { sessionSeconds: 7200 }, /sessionSeconds/],
  ['a setting that is misspelt', { sessionSecond: 900 } as object, /sessionSecond/],
  ['a topic that is no ARN', { alarmTopicArn: 'ops' }, /alarmTopicArn/],
])('%s is refused by name', (_, props, named) => {
  expect(() => pipelineIn(new Stack(new App(), 'Theirs'), props)).toThrow(named);
});

test('with a key of one’s own, who puts may make data keys, and who reads may decrypt them', () => {
  const { service, data } = assemble({ streamKey: 'own' });
  data.hasResourceProperties('AWS::KMS::Key', {
    Description: 'Encrypts the stream of sealtrail/dev',
    EnableKeyRotation: true,
  });
  const uses = Object.values(service.findResources('AWS::IAM::Policy')).flatMap((policy) =>
    policy['Properties'].PolicyDocument.Statement.filter(({ Sid }: { Sid: string }) =>
      /^(En|De)crypt/.test(Sid),
    ).map(({ Action, Condition }: { Action: string; Condition: object }) => [
      policy['Properties'].PolicyName.replace(/DefaultPolicy.*/, ''),
      Action,
      Object.keys(Condition),
    ]),
  );
  expect(uses.sort()).toEqual([
    ['ConsumerRole', 'kms:Decrypt', ['StringEquals']],
    ['TokenServiceWriter', 'kms:GenerateDataKey', ['StringEquals']],
  ]);
  service.hasResourceProperties('AWS::Lambda::Function', {
    FunctionName: 'sealtrail-dev-token',
    Environment: { Variables: Match.objectLike({ STREAM_KEY_ARN: Match.anyValue() }) },
  });
});

test('operators are granted what the tool needs, and no way to change a batch or lose a version', () => {
  const stack = new Stack(new App(), 'Theirs');
  const audit = pipelineIn(stack, { store: { streamKey: 'own' } });
  const operators = new iam.Role(stack, 'Operators', { assumedBy: new iam.AccountRootPrincipal() });
  audit.grantAdministration(operators);
  audit.grantRedrive(operators);
  const [policy] = Object.values(
    Template.fromStack(stack).findResources('AWS::IAM::Policy'),
  ).filter(({ Properties }) => /^Operators/.test(Properties.PolicyName));
  const actions = new Set(
    policy?.['Properties'].PolicyDocument.Statement.flatMap(
      ({ Action }: { Action: string | string[] }) => Action,
    ),
  );
  expect([...actions].sort()).toEqual([
    'dynamodb:BatchGetItem',
    'dynamodb:GetItem',
    'dynamodb:PartiQLInsert',
    'dynamodb:PutItem',
    'dynamodb:Scan',
    'dynamodb:UpdateItem',
    'kinesis:PutRecord',
    'kms:GenerateDataKey',
    'kms:GetPublicKey',
    'kms:Sign',
    'lambda:InvokeFunction',
    's3:DeleteObject',
    's3:GetObject',
    's3:ListBucket',
    's3:PutObject',
    'sqs:ChangeMessageVisibility',
    'sqs:DeleteMessage',
    'sqs:ReceiveMessage',
  ]);
});
