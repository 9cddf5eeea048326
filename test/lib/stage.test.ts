import { App } from 'aws-cdk-lib';
import { expect, test } from 'vitest';
import { readSettings } from '../../lib/stage.ts';
import { prodContext } from '../fixture/assemble.ts';

const read = (context: Record<string, string>) => readSettings(new App({ context }));

test('without any setting, the stage is dev, and what it keeps is kept for 30 days', () => {
  expect(read({})).toMatchObject({ stage: 'dev', prod: false, longestRetentionDays: 30 });
});

test('prod keeps for seven years', () => {
  expect(read(prodContext)).toMatchObject({
    stage: 'prod',
    prod: true,
    longestRetentionDays: 2555,
  });
});

test('a setting that is misspelt is refused by name', () => {
  expect(() => read({ longestRetentionDay: '7' })).toThrow(/longestRetentionDay/);
});

test('what the CDK itself puts into the context is not a setting', () => {
  expect(read({ 'aws:cdk:enable-path-metadata': 'true', '@aws-cdk/core:x': 'y' }).stage).toBe(
    'dev',
  );
});

test.each([
  ['a stage that does not exist', { stage: 'production' }],
  ['prod without a break-glass role', { stage: 'prod' }],
  ['a break-glass role that is no ARN', { ...prodContext, breakGlassRoleArn: 'admin' }],
  ['a retention that is no number', { longestRetentionDays: 'long' }],
  ['no retention at all', { longestRetentionDays: '0' }],
  ['a session that is longer than role chaining allows', { sessionSeconds: '3601' }],
  ['a public URL in the clear', { publicUrl: 'http://audit.example.com' }],
  ['a public URL with a query', { publicUrl: 'https://audit.example.com/?x=1' }],
  ['a retired key that is no ARN', { retiredIssuerKeys: 'abc' }],
] as const)('%s is refused', (_, context) => {
  expect(() => read(context)).toThrow(/Settings/);
});

test('retired keys are a list, newest first', () => {
  const [first, second] = ['1', '2'].map((id) => `arn:aws:kms:eu-west-1:123456789012:key/${id}`);
  expect(read({ retiredIssuerKeys: `${first},${second}` }).retiredIssuerKeys).toEqual([
    first,
    second,
  ]);
});
