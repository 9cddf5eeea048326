import { App } from 'aws-cdk-lib';
import { expect, test } from 'vitest';
import { checkPipeline, checkStore } from '../../lib/settings.ts';
import { readStage } from '../../lib/stage.ts';
import { prodContext } from '../fixture/assemble.ts';

function read(context: Record<string, string>) {
  const stage = readStage(new App({ context }));
  return { ...stage, ...checkStore(stage.store), ...checkPipeline(stage.pipeline) };
}

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

test.each([
  ['a prod that is to be destroyed', { ...prodContext, removalPolicy: 'destroy' }],
  ['half a shard', { shards: '0.5' }],
  ['more than a year in the stream', { streamRetentionDays: '366' }],
  ['a signing key that does not exist', { signingKeys: '2', signWith: '3' }],
  ['a key that is nobody’s', { streamKey: 'mine' }],
  ['a throttle that lets nothing through', { requestsPerSecond: '0' }],
  ['an account of eleven digits', { account: '12345678901' }],
  ['a region that cannot be', { region: 'Frankfurt' }],
  ['a tag without a value', { tags: 'team' }],
] as const)('%s is refused', (_, context) => {
  expect(() => read(context)).toThrow(/Settings/);
});

test('account, region and tags are the stacks’ own', () => {
  const stage = read({ account: '111122223333', region: 'eu-west-1', tags: 'team=audit,why=a=b' });
  expect(stage.env).toEqual({ account: '111122223333', region: 'eu-west-1' });
  expect(stage.tags).toEqual({ team: 'audit', why: 'a=b' });
});

test('numbers are read from text, and twice the rate may come at once', () => {
  expect(read({ shards: '4', requestsPerSecond: '20', sessionSeconds: '900' })).toMatchObject({
    shards: 4,
    requestsPerSecond: 20,
    requestBurst: 40,
    sessionSeconds: 900,
  });
});

test('a quota is JSON, of which either part may be left out', () => {
  const parts = { bytes: 20 * 1024 ** 3, faults: 10_000 };
  expect(read({}).grantQuota).toEqual(parts);
  expect(read({ grantQuota: '{"faults":5}' }).grantQuota).toEqual({ ...parts, faults: 5 });
  for (const grantQuota of ['5', '{"bytes":0}', '{"byte":1}', '{"bytes":-1}', '{'])
    expect(() => read({ grantQuota })).toThrow(/Settings/);
});

test('what a reader may ask is JSON, of which either part may be left out', () => {
  expect(read({}).readQuota).toEqual({ key: 6000, viewer: 600 });
  expect(read({ readQuota: '{"viewer":60}' }).readQuota).toEqual({ key: 6000, viewer: 60 });
  for (const readQuota of ['5', '{"key":0}', '{"keys":100}', '{"viewer":1.5}', '{'])
    expect(() => read({ readQuota })).toThrow(/Settings/);
});

test('retired keys are a list, newest first', () => {
  const [first, second] = ['1', '2'].map((id) => `arn:aws:kms:eu-west-1:123456789012:key/${id}`);
  expect(read({ retiredIssuerKeys: `${first},${second}` }).retiredIssuerKeys).toEqual([
    first,
    second,
  ]);
});
