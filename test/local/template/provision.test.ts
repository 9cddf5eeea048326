// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are placeholders of Fn::Sub
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readAssembly } from '../../../src/local/template/assembly.ts';
import { provision } from '../../../src/local/template/provision.ts';
import { recordingProvider } from '../../fake/recording-provider.ts';

const place = { account: '111122223333', region: 'eu-west-1' };

/** A cloud assembly of these templates, each depending on all that are named before it but listed last first. */
function assemblyOf(templates: Record<string, unknown>): string {
  const folder = mkdtempSync(join(tmpdir(), 'sealtrail-assembly-'));
  const names = Object.keys(templates);
  const artifacts = names.map((name, index) => {
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(templates[name]));
    const artifact = {
      type: 'aws:cloudformation:stack',
      properties: { templateFile: `${name}.json` },
      dependencies: names.slice(0, index),
    };
    return [name, artifact];
  });
  const manifest = {
    artifacts: Object.fromEntries([...artifacts.reverse(), ['Tree', { type: 'cdk:tree' }]]),
  };
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  return folder;
}

const queue = (properties: object = {}) => ({ Type: 'AWS::SQS::Queue', Properties: properties });

async function run(templates: Record<string, unknown>) {
  const { provider, calls } = recordingProvider(place);
  return { stacks: await provision({ assembly: assemblyOf(templates), place, provider }), calls };
}

describe('provisioning', () => {
  test('takes stacks in the order of their dependencies, whatever the order of the manifest', async () => {
    const empty = { Resources: {} };
    const stacks = await readAssembly(assemblyOf({ First: empty, Second: empty, Third: empty }));
    expect(stacks.map(({ name }) => name)).toEqual(['First', 'Second', 'Third']);
  });

  test('gives one stack what another exports', async () => {
    const { stacks, calls } = await run({
      Data: {
        Resources: { Letters: queue() },
        Outputs: {
          Url: { Value: { Ref: 'Letters' } },
          Exported: {
            Value: { 'Fn::GetAtt': ['Letters', 'QueueName'] },
            Export: { Name: { 'Fn::Sub': '${AWS::StackName}:Letters' } },
          },
        },
      },
      Service: {
        Resources: { Other: queue({ QueueName: { 'Fn::ImportValue': 'Data:Letters' } }) },
      },
    });
    expect(calls.queue.map(({ name }) => name)).toEqual(['Data-Letters', 'Data-Letters']);
    expect(stacks[0]?.outputs['Url']).toBe('http://127.0.0.1/111122223333/Data-Letters');
  });

  test('makes nothing whose condition does not hold', async () => {
    const { calls } = await run({
      Data: {
        Conditions: { Never: { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'mars'] } },
        Resources: { Some: queue(), None: { ...queue(), Condition: 'Never' } },
      },
    });
    expect(calls.queue).toHaveLength(1);
  });

  test('takes a parameter by its default', async () => {
    const { calls } = await run({
      Data: {
        Parameters: { Name: { Type: 'String', Default: 'given' } },
        Resources: { A: queue({ QueueName: { Ref: 'Name' } }) },
      },
    });
    expect(calls.queue[0]?.name).toBe('given');
  });

  test('gives a role the policies that it holds itself', async () => {
    const policy = { Statement: [] };
    const { calls } = await run({
      Data: {
        Resources: {
          Role: {
            Type: 'AWS::IAM::Role',
            Properties: {
              AssumeRolePolicyDocument: policy,
              Policies: [{ PolicyName: 'own', PolicyDocument: policy }],
            },
          },
        },
      },
    });
    expect(calls.role).toEqual([
      {
        name: 'Data-Role',
        trust: policy,
        policies: [{ name: 'own', policy }],
        maxSessionSeconds: 3600,
      },
    ]);
  });

  test('takes a global table of one replica for the table that it is', async () => {
    const policy = { Statement: [] };
    const { calls } = await run({
      Data: {
        Resources: {
          Batches: {
            Type: 'AWS::DynamoDB::GlobalTable',
            Properties: {
              AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
              KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
              BillingMode: 'PAY_PER_REQUEST',
              TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
              Replicas: [{ Region: 'eu-west-1', ResourcePolicy: { PolicyDocument: policy } }],
            },
          },
        },
      },
    });
    expect(calls.table).toEqual([
      {
        TableName: 'Data-Batches',
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        ttlAttribute: 'expires',
        policy,
      },
    ]);
  });

  test('only records what nobody reads here', async () => {
    const { stacks } = await run({
      Data: {
        Resources: {
          Log: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/a' } },
          Topic: { Type: 'AWS::SNS::Topic' },
          Alarm: {
            Type: 'AWS::CloudWatch::Alarm',
            Properties: { AlarmActions: [{ Ref: 'Topic' }] },
          },
          Board: { Type: 'AWS::CloudWatch::Dashboard' },
        },
        Outputs: {
          Log: { Value: { 'Fn::GetAtt': ['Log', 'Arn'] } },
          Topic: { Value: { Ref: 'Topic' } },
        },
      },
    });
    expect(stacks[0]?.outputs).toEqual({
      Log: 'arn:aws:logs:eu-west-1:111122223333:log-group:/a:*',
      Topic: 'arn:aws:sns:eu-west-1:111122223333:Data-Topic',
    });
  });

  test.each([
    [
      'a type that is not known',
      { Type: 'AWS::EC2::VPC' },
      'Data/It (AWS::EC2::VPC): this type is not known to the local provisioner',
    ],
    [
      'a property that would change something',
      queue({ FifoQueue: true }),
      /Data\/It .*"FifoQueue"/s,
    ],
    ['a property of the wrong kind', queue({ QueueName: 1 }), /Data\/It .*QueueName/s],
    ['a reference to nothing', queue({ QueueName: { Ref: 'Gone' } }), /nothing is named Gone/],
    ['an import of nothing', queue({ QueueName: { 'Fn::ImportValue': 'X' } }), /nobody exports X/],
    ['an attribute of nothing', queue({ QueueName: { 'Fn::GetAtt': ['A', 'B'] } }), /no A\.B/],
    [
      'a condition that is not declared',
      { ...queue(), Condition: 'Gone' },
      /no condition is named Gone/,
    ],
    [
      'a managed policy, which nobody could check',
      {
        Type: 'AWS::IAM::Role',
        Properties: { AssumeRolePolicyDocument: { Statement: [] }, ManagedPolicyArns: ['arn'] },
      },
      /managed policies are not known/,
    ],
  ])('refuses %s', async (_, resource, message) => {
    await expect(run({ Data: { Resources: { It: resource } } })).rejects.toThrow(message);
  });

  test('refuses a folder without stacks', async () => {
    await expect(run({})).rejects.toThrow(/no stack/);
  });
});

describe('a rule', () => {
  const rule = (ScheduleExpression: string) => ({
    Type: 'AWS::Events::Rule',
    Properties: {
      ScheduleExpression,
      State: 'ENABLED',
      Targets: [{ Arn: 'arn:aws:lambda:r:1:function:f', Id: 'Target0' }],
    },
  });

  test.each([
    ['rate(1 minute)', 60],
    ['rate(5 minutes)', 300],
    ['rate(2 hours)', 7200],
    ['rate(1 day)', 86_400],
  ])('of %s runs every %d s', async (expression, everySeconds) => {
    const { calls } = await run({ S: { Resources: { Rule: rule(expression) } } });
    expect(calls.rule).toEqual([{ name: 'S-Rule', everySeconds, functionNames: ['f'] }]);
  });

  test.each(['cron(0 12 * * ? *)', 'rate(0 minutes)', 'rate(1 week)'])(
    'of %s is refused',
    async (expression) => {
      const made = run({ S: { Resources: { Rule: rule(expression) } } });
      await expect(made).rejects.toThrow(/a rate, such as rate\(1 minute\)/);
    },
  );
});
