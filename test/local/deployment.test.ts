import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DeleteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DescribeStreamCommand, KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { buildFunctions } from '../../src/local/build-functions.ts';
import { deployLocally, type LocalDeployment } from '../../src/local/deployment.ts';
import { synth } from '../../src/local/synth.ts';

const sources = fileURLToPath(new URL('../fixture/functions', import.meta.url));

let assembly: string;
let deployment: LocalDeployment;
const lines: string[] = [];
const client = () => ({
  endpoint: deployment.url,
  region: deployment.place.region,
  credentials: deployment.credentials,
});
const output = (name: string): string => {
  const value = deployment.outputs['SealtrailData-dev']?.[name];
  if (value === undefined) throw new Error(`no output ${name}`);
  return value;
};

interface Vended {
  readonly credentials: {
    readonly AccessKeyId: string;
    readonly SecretAccessKey: string;
    readonly SessionToken: string;
  };
  readonly forbidden: string;
}

const vend = async (): Promise<Vended> =>
  (await (await fetch(`${deployment.url}/v1/credentials`, { method: 'POST' })).json()) as Vended;

async function vendedKinesis(): Promise<KinesisClient> {
  const { credentials } = await vend();
  return new KinesisClient({
    ...client(),
    credentials: {
      accessKeyId: credentials.AccessKeyId,
      secretAccessKey: credentials.SecretAccessKey,
      sessionToken: credentials.SessionToken,
    },
  });
}

beforeAll(async () => {
  ({ assembly } = await synth({
    cacheDir: mkdtempSync(join(tmpdir(), 'sealtrail-deployment-')),
    build: (outDir) => buildFunctions({ sources, outDir }),
  }));
}, 240_000);

type Resources = Record<string, { Type: string; Properties: Record<string, unknown> }>;

/** The same assembly with the service stack's template changed. */
function changed(change: (resources: Resources) => void): string {
  const folder = mkdtempSync(join(tmpdir(), 'sealtrail-changed-'));
  cpSync(assembly, folder, { recursive: true });
  const file = join(folder, 'SealtrailService-dev.template.json');
  const template = JSON.parse(readFileSync(file, 'utf8'));
  change(template.Resources);
  writeFileSync(file, JSON.stringify(template));
  return folder;
}

describe('a template that cannot be run', () => {
  test('a role that does not trust Lambda is refused, and nothing is left running', async () => {
    const assembly = changed((resources) => {
      for (const { Type, Properties } of Object.values(resources)) {
        if (Type === 'AWS::IAM::Role') Properties['AssumeRolePolicyDocument'] = { Statement: [] };
      }
    });
    // Other files of this worker may have deployments of their own.
    const servers = () => process.getActiveResourcesInfo().filter((name) => /Server/.test(name));
    const before = servers().length;
    await expect(deployLocally({ assembly })).rejects.toThrow(/cannot be assumed by Lambda/);
    await expect.poll(() => servers().length).toBeLessThanOrEqual(before);
  });

  test('a type that the local AWS does not know is refused by name', async () => {
    const assembly = changed((resources) => {
      resources['Machine'] = { Type: 'AWS::EC2::Instance', Properties: {} };
    });
    await expect(deployLocally({ assembly })).rejects.toThrow(/AWS::EC2::Instance/);
  });
});

describe('a template that lacks something', () => {
  test('without the permission that the template gives, a route cannot reach its function', async () => {
    const other = await deployLocally({
      assembly: changed((resources) => {
        for (const [id, { Type }] of Object.entries(resources)) {
          if (Type === 'AWS::Lambda::Permission') delete resources[id];
        }
      }),
    });
    const answer = await fetch(`${other.url}/v1/events/p`);
    await other.close();
    expect(answer.status).toBe(500);
  });

  test('without its stage, an API answers nothing', async () => {
    const other = await deployLocally({
      assembly: changed((resources) => {
        for (const [id, { Type }] of Object.entries(resources)) {
          if (Type === 'AWS::ApiGatewayV2::Stage') delete resources[id];
        }
      }),
    });
    const answer = await fetch(`${other.url}/v1/events/p`);
    await other.close();
    expect(answer.status).toBe(404);
  });
});

describe('a rule of the template', () => {
  /** What the auditor says in the first minute of a deployment, up to a word that it is waited for. */
  async function firstMinute(assembly: string, word: string): Promise<string[]> {
    const said: string[] = [];
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const other = await deployLocally({ assembly, log: (_, line) => said.push(line) });
    vi.advanceTimersByTime(60_000);
    vi.useRealTimers();
    await other.functions.get('auditor')?.invoke({ source: 'the end' });
    await vi.waitUntil(() => said.some((line) => line.includes(word)), { timeout: 10_000 });
    await other.close();
    return said.filter((line) => line.includes('called by'));
  }

  test('invokes its function every minute', async () => {
    expect(await firstMinute(assembly, 'aws.events')).toContainEqual(
      expect.stringContaining('aws.events'),
    );
  });

  test('does not where the template gives no leave', async () => {
    const without = changed((resources) => {
      for (const [id, { Type }] of Object.entries(resources)) {
        if (Type === 'AWS::Lambda::Permission') delete resources[id];
      }
    });
    expect(await firstMinute(without, 'the end')).toEqual([expect.stringContaining('the end')]);
  });
});

describe('a template that is whole', () => {
  beforeAll(async () => {
    deployment = await deployLocally({
      assembly,
      log: (name, line) => lines.push(`${name}: ${line}`),
    });
  });
  afterAll(() => deployment?.close());

  test('the template’s functions, mapping, routes and permissions carry a record from a client to a reader', async () => {
    const kinesis = await vendedKinesis();
    const put = await kinesis.send(
      new PutRecordsCommand({
        StreamName: output('StreamName'),
        Records: ['one', 'two'].map((text) => ({ PartitionKey: 'p', Data: Buffer.from(text) })),
      }),
    );
    expect(put.FailedRecordCount).toBe(0);
    await deployment.mapping.drained();

    const answer = await fetch(
      `${deployment.outputs['SealtrailService-dev']?.['ApiUrl']}/v1/events/p`,
    );
    expect(answer.status, lines.join('\n')).toBe(200);
    const { items } = (await answer.json()) as {
      items: { client: { S: string }; body?: unknown }[];
    };
    expect(items.map((item) => item.client.S)).toEqual(['one', 'two']);
    // The index holds only what it projects.
    expect(items.every((item) => item.body === undefined)).toBe(true);
    expect(deployment.mapping.stats).toMatchObject({ discarded: 0, pollErrors: 0 });
    kinesis.destroy();
  });

  test('a function is denied what its role is not given', async () => {
    expect((await vend()).forbidden).toBe('AccessDeniedException');
  });

  test('a vended session may put and nothing else', async () => {
    const kinesis = await vendedKinesis();
    const describe = new DescribeStreamCommand({ StreamName: output('StreamName') });
    await expect(kinesis.send(describe)).rejects.toThrow(
      /assumed-role\/SealtrailService-dev-TokenServiceWriter\w+\/a-client is not authorized to perform: kinesis:DescribeStream/,
    );
    kinesis.destroy();
  });

  test('nobody deletes a batch, not even the operator', async () => {
    const dynamodb = new DynamoDBClient(client());
    const remove = new DeleteItemCommand({
      TableName: output('BatchesTable'),
      Key: { pk: { S: 'p' }, sk: { S: 's' } },
    });
    await expect(dynamodb.send(remove)).rejects.toThrow(/explicit deny/);
    dynamodb.destroy();
  });

  test('what is quarantined is heard of in the dead-letter queue', async () => {
    const kinesis = await vendedKinesis();
    await kinesis.send(
      new PutRecordsCommand({
        StreamName: output('StreamName'),
        Records: [{ PartitionKey: 'q', Data: Buffer.from('poison') }],
      }),
    );
    await deployment.mapping.drained();
    const sqs = new SQSClient(client());
    const { Messages } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: output('DeadLetterQueueUrl'), WaitTimeSeconds: 10 }),
    );
    const [record] = JSON.parse(Messages?.[0]?.Body ?? '{}').Records;
    expect(record.s3.bucket.name).toBe(output('QuarantineBucket'));
    kinesis.destroy();
    sqs.destroy();
  });

  test('a path without a route is not found', async () => {
    expect((await fetch(`${deployment.url}/v1/nothing`)).status).toBe(404);
  });
});
