import {
  BatchWriteItemCommand,
  DeleteItemCommand,
  DynamoDBClient,
  ExecuteStatementCommand,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import {
  CreateStreamCommand,
  DescribeStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis';
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lines } from '../fixture/events.ts';
import { openPipeline, type Pipeline, until, without } from '../fixture/pipeline.ts';
import { askForCredentials, put, sealed, type Vended, vend } from '../fixture/vended.ts';

let pipeline: Pipeline;

beforeAll(async () => {
  pipeline = await openPipeline();
});
afterAll(() => pipeline?.close());

/** The name of the error that a call ends with; `allowed` without one. */
async function outcomeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'allowed',
    (error: Error) => error.name,
  );
}

describe('a vended session', () => {
  let kinesis: KinesisClient;
  let dynamodb: DynamoDBClient;
  let s3: S3Client;
  let sts: STSClient;
  let kms: KMSClient;
  let vended: Vended;
  const other = 'another-stream';
  const record = { Data: Buffer.from('x'), PartitionKey: 'p' };

  beforeAll(async () => {
    const root = new KinesisClient(pipeline.asRoot);
    await root.send(new CreateStreamCommand({ StreamName: other, ShardCount: 1 }));
    root.destroy();
    vended = await vend(pipeline.url, await pipeline.tenant('acme'));
    kinesis = new KinesisClient(vended.config);
    dynamodb = new DynamoDBClient(vended.config);
    s3 = new S3Client({ ...vended.config, forcePathStyle: true });
    sts = new STSClient(vended.config);
    kms = new KMSClient(vended.config);
  });
  afterAll(() => {
    for (const client of [kinesis, dynamodb, s3, sts, kms]) client?.destroy();
  });

  test('puts records to its stream', async () => {
    const { stream: StreamARN } = vended;
    const command = new PutRecordsCommand({ StreamARN, Records: [record] });
    expect((await kinesis.send(command)).FailedRecordCount).toBe(0);
  });

  const StreamARN = () => vended.stream;
  const batches = () => pipeline.output('BatchesTable');
  const key = { pk: { S: 'p' }, sk: { S: 's' } };
  const forbidden: Record<string, () => Promise<unknown>> = {
    'PutRecord, one at a time': () =>
      kinesis.send(new PutRecordCommand({ StreamARN: StreamARN(), ...record })),
    'PutRecords to another stream': () =>
      kinesis.send(new PutRecordsCommand({ StreamName: other, Records: [record] })),
    DescribeStream: () => kinesis.send(new DescribeStreamCommand({ StreamARN: StreamARN() })),
    ListShards: () => kinesis.send(new ListShardsCommand({ StreamARN: StreamARN() })),
    GetShardIterator: () =>
      kinesis.send(
        new GetShardIteratorCommand({
          StreamARN: StreamARN(),
          ShardId: 'shardId-000000000000',
          ShardIteratorType: 'TRIM_HORIZON',
        }),
      ),
    'GetRecords with an iterator of somebody else': async () => {
      const root = new KinesisClient(pipeline.asRoot);
      const { ShardIterator } = await root.send(
        new GetShardIteratorCommand({
          StreamARN: StreamARN(),
          ShardId: 'shardId-000000000000',
          ShardIteratorType: 'TRIM_HORIZON',
        }),
      );
      root.destroy();
      return kinesis.send(new GetRecordsCommand({ ShardIterator, StreamARN: StreamARN() }));
    },
    'GetItem of a batch': () =>
      dynamodb.send(new GetItemCommand({ TableName: batches(), Key: key })),
    'Scan of the grants': () =>
      dynamodb.send(new ScanCommand({ TableName: pipeline.output('GrantsTable') })),
    'INSERT of a batch': () => dynamodb.send(insert(batches(), key)),
    'ListObjects of the quarantine': () =>
      s3.send(new ListObjectsV2Command({ Bucket: pipeline.output('QuarantineBucket') })),
    'GetObject of the quarantine': () =>
      s3.send(new GetObjectCommand({ Bucket: pipeline.output('QuarantineBucket'), Key: 'k' })),
    'PutObject to the quarantine': () =>
      s3.send(
        new PutObjectCommand({ Bucket: pipeline.output('QuarantineBucket'), Key: 'k', Body: 'x' }),
      ),
    'AssumeRole of the role that it is a session of': () =>
      sts.send(
        new AssumeRoleCommand({
          RoleArn: pipeline.resourceOf('TokenServiceTokenRole', 'VendSessions'),
          RoleSessionName: 'again',
        }),
      ),
    'GetPublicKey of the issuer': () =>
      kms.send(
        new GetPublicKeyCommand({
          KeyId: pipeline.resourceOf('TokenServiceTokenRole', 'SignGrants'),
        }),
      ),
  };
  test.each(Object.entries(forbidden))('is denied %s', async (_, call) => {
    expect(await outcomeOf(call())).toMatch(/^AccessDenied(Exception)?$/);
  });
});

/** The only way in which a batch gets into the table. */
function insert(table: string, key: { pk: { S: string }; sk: { S: string } }) {
  const Statement = `INSERT INTO "${table}" VALUE {'pk': ?, 'sk': ?}`;
  return new ExecuteStatementCommand({ Statement, Parameters: [key.pk, key.sk] });
}

describe.each([
  ['the consumer', () => pipeline.asRole('ConsumerRole')],
  ['the operator', () => pipeline.asRoot],
] as const)('%s, of a batch that is stored', (name, config) => {
  const key = { pk: { S: `stored#${name}` }, sk: { S: 's' } };
  const where = `WHERE pk = '${key.pk.S}' AND sk = 's'`;
  let client: DynamoDBClient;
  let TableName: string;

  beforeAll(() => {
    client = new DynamoDBClient(config());
    TableName = pipeline.output('BatchesTable');
  });
  afterAll(() => client?.destroy());

  test('may insert it, once', async () => {
    expect(await outcomeOf(client.send(insert(TableName, key)))).toBe('allowed');
    expect(await outcomeOf(client.send(insert(TableName, key)))).toBe('DuplicateItemException');
  });

  const partiql = (Statement: string) => client.send(new ExecuteStatementCommand({ Statement }));
  const forbidden: Record<string, () => Promise<unknown>> = {
    PutItem: () => client.send(new PutItemCommand({ TableName, Item: key })),
    UpdateItem: () => client.send(new UpdateItemCommand({ TableName, Key: key })),
    DeleteItem: () => client.send(new DeleteItemCommand({ TableName, Key: key })),
    'BatchWriteItem with a put': () =>
      client.send(
        new BatchWriteItemCommand({
          RequestItems: { [TableName]: [{ PutRequest: { Item: key } }] },
        }),
      ),
    'BatchWriteItem with a delete': () =>
      client.send(
        new BatchWriteItemCommand({
          RequestItems: { [TableName]: [{ DeleteRequest: { Key: key } }] },
        }),
      ),
    'PartiQL UPDATE': () => partiql(`UPDATE "${TableName}" SET x = 1 ${where}`),
    'PartiQL DELETE': () => partiql(`DELETE FROM "${TableName}" ${where}`),
  };
  test.each(Object.entries(forbidden))('is denied %s', async (_, call) => {
    expect(await outcomeOf(call())).toBe('AccessDeniedException');
  });
});

describe('with one permission taken out of the template', () => {
  test('a consumer that may not insert commits nothing, and hands every record back', async () => {
    // Into the batches, and into the grants under `stopped#`.
    const crippled = await openPipeline(without('ConsumerRole', 'dynamodb:PartiQLInsert', 2));
    try {
      const tenant = await crippled.tenant('acme');
      const vended = await vend(crippled.url, tenant);
      await put(vended, [sealed(vended, lines(Date.now(), 3))]);
      const { mapping } = crippled.deployment;
      // The same record comes again only if its number was in `batchItemFailures`.
      await until(() => mapping.stats.invocations > 1);
      expect(mapping.stats.succeeded).toBe(0);
      expect(await crippled.batches(tenant)).toEqual([]);
      expect(crippled.printed.join('\n')).toContain('batches could not be stored');
    } finally {
      await crippled.close();
    }
  });

  test('a token service that may not sign answers 503 and logs no grant', async () => {
    const crippled = await openPipeline(without('TokenServiceTokenRole', 'kms:Sign'));
    const dynamodb = new DynamoDBClient(crippled.asRoot);
    try {
      const { response } = await askForCredentials(crippled.url, await crippled.tenant('acme'));
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
      const grants = new ScanCommand({ TableName: crippled.output('GrantsTable') });
      expect((await dynamodb.send(grants)).Count).toBe(0);
    } finally {
      dynamodb.destroy();
      await crippled.close();
    }
  });
});
