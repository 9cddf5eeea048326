import { App, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { expect, test } from 'vitest';
import { reasoned } from '../../lib/constructs/reasoned.ts';
import { synth } from '../../src/local/synth.ts';
import { nag } from '../../src/local/templates/nag.ts';
import { validate } from '../../src/local/templates/validate.ts';
import { editedAssembly } from '../fixture/edited-assembly.ts';

test('a template that CloudFormation would refuse is found', async () => {
  const { assembly } = await synth();
  const wrong = editedAssembly(assembly, 'Data', (resources) => {
    for (const { Type, Properties } of Object.values(resources)) {
      if (Type === 'AWS::Kinesis::Stream') Properties['RetentionPeriodHours'] = 'a week';
    }
  });
  expect(await validate(assembly)).toEqual([]);
  expect(await validate(wrong)).toEqual([
    expect.stringMatching(/SealtrailData-dev\/Stream\w+ .*RetentionPeriodHours/),
  ]);
});

test('a bucket that lets in whoever comes without TLS is found', () => {
  const app = new App();
  new Bucket(new Stack(app, 'Theirs'), 'Open');
  expect(nag(app)).toEqual(
    expect.arrayContaining([expect.stringMatching(/^AwsSolutions-S10 Theirs\/Open\/Resource/)]),
  );
});

test('a resource with a wildcard needs a reason, which is then recorded', () => {
  const stack = new Stack(new App(), 'Theirs');
  const bucket = new Bucket(stack, 'Bucket');
  const role = new iam.Role(stack, 'Role', { assumedBy: new iam.AccountRootPrincipal() });
  const statement = { sid: 'Read', actions: ['s3:GetObject'] };
  expect(() => reasoned(role, { ...statement, resources: [bucket.arnForObjects('*')] })).toThrow(
    /Read: .* has no reason/,
  );
});
