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
import { operatorSession } from '../fixture/operator-role.ts';
import { type Pipeline, until } from '../fixture/pipeline.ts';
import { sharedPipeline } from '../fixture/shared-pipeline.ts';
import { takeRight } from '../fixture/take-right.ts';
import { askForCredentials, put, sealed, type Vended, vend } from '../fixture/vended.ts';

let pipeline: Pipeline;

beforeAll(async () => {
  pipeline = await sharedPipeline();
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
  const tenant = name.replaceAll(' ', '-');
  const key = { pk: { S: `${tenant}#2026-11-24#0` }, sk: { S: 's' } };
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

describe('where a role may insert', () => {
  const day = '2026-11-24';
  const of = (logicalId: string, send: (client: DynamoDBClient) => Promise<unknown>) => {
    const client = new DynamoDBClient(pipeline.asRole(logicalId));
    return outcomeOf(send(client)).finally(() => client.destroy());
  };
  const insertId = (output: string, id: string) =>
    new ExecuteStatementCommand({
      Statement: `INSERT INTO "${pipeline.output(output)}" VALUE {'id': ?}`,
      Parameters: [{ S: id }],
    });

  test.each([
    [`acme#${day}#0`, 'allowed'],
    [`acme#feed#${day}#0`, 'allowed'],
    ['acme#calendar', 'allowed'],
    ['acme#tally#g', 'allowed'],
    ['acme', 'AccessDeniedException'],
    ['acme#elsewhere', 'AccessDeniedException'],
  ])('the consumer, into %s: %s', async (pk, outcome) => {
    const into = { pk: { S: pk }, sk: { S: 'where' } };
    const table = pipeline.output('BatchesTable');
    expect(await of('ConsumerRole', (client) => client.send(insert(table, into)))).toBe(outcome);
  });

  test.each([
    ['g1', 'allowed'],
    ['revoked#g1', 'AccessDeniedException'],
    ['stopped#g1', 'AccessDeniedException'],
  ])('the token service, the grant %s: %s', async (id, outcome) => {
    const command = insertId('GrantsTable', id);
    expect(await of('TokenServiceTokenRole', (client) => client.send(command))).toBe(outcome);
  });
});

describe('who redrives', () => {
  let client: DynamoDBClient;
  beforeAll(async () => {
    const credentials = await operatorSession(pipeline.deployment, 'grantRedrive');
    client = new DynamoDBClient({ ...pipeline.asRoot, credentials });
  });
  afterAll(() => client?.destroy());

  const TableName = () => pipeline.output('RegistryTable');
  const reader = { id: { S: 'key#abc' }, tenant: { S: '*' }, scopes: { SS: ['read'] } };

  test('reads the row of the operators’ log, and whether a key was revoked, and no other', async () => {
    const get = (id: string) =>
      outcomeOf(
        client.send(new GetItemCommand({ TableName: TableName(), Key: { id: { S: id } } })),
      );
    expect(await get('tenant#system')).toBe('allowed');
    expect(await get('key#abc')).toBe('allowed');
    expect(await get('tenant#acme')).toBe('AccessDeniedException');
  });

  test.each<[string, () => Promise<unknown>]>([
    ['PutItem', () => client.send(new PutItemCommand({ TableName: TableName(), Item: reader }))],
    [
      'UpdateItem',
      () => client.send(new UpdateItemCommand({ TableName: TableName(), Key: { id: reader.id } })),
    ],
    [
      'INSERT',
      () =>
        client.send(
          new ExecuteStatementCommand({
            Statement: `INSERT INTO "${TableName()}" VALUE {'id': ?, 'tenant': ?, 'scopes': ?}`,
            Parameters: Object.values(reader),
          }),
        ),
    ],
  ])('cannot make a key that reads every tenant by %s', async (_, call) => {
    expect(await outcomeOf(call())).toBe('AccessDeniedException');
  });
});

describe('with one permission taken out of the template', () => {
  test('a consumer that may not insert commits nothing, and hands every record back', async () => {
    const tenant = await pipeline.tenant('acme');
    const vended = await vend(pipeline.url, tenant);
    const { mapping } = pipeline.deployment;
    await pipeline.drained(); // of what tells of earlier reads
    const { invocations, succeeded } = mapping.stats;
    // Into the batches, and into the grants under `stopped#`.
    const isInsert = ({ Action }: { Action: unknown }) => Action === 'dynamodb:PartiQLInsert';
    const giveBack = takeRight(pipeline, 'ConsumerRole', isInsert, 2);
    const own = lines(Date.now(), 3);
    try {
      await put(vended, [sealed(vended, own)]);
      // The same record comes again only if its number was in `batchItemFailures`.
      await until(() => mapping.stats.invocations > invocations + 1);
      expect(mapping.stats.succeeded).toBe(succeeded);
      expect(await pipeline.batches(tenant)).toEqual([]);
      expect(pipeline.printed.join('\n')).toContain('batches could not be stored');
    } finally {
      giveBack();
    }
    await pipeline.drained();
    expect(await pipeline.log(tenant)).toEqual(own.map(String));
  });

  test('a token service that may not sign answers 503 and logs no grant', async () => {
    const tenant = await pipeline.tenant('acme');
    const isSign = ({ Action }: { Action: unknown }) => Action === 'kms:Sign';
    const giveBack = takeRight(pipeline, 'TokenServiceTokenRole', isSign);
    const dynamodb = new DynamoDBClient(pipeline.asRoot);
    try {
      const { response } = await askForCredentials(pipeline.url, tenant);
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
      const { Items } = await dynamodb.send(
        new ScanCommand({
          TableName: pipeline.output('GrantsTable'),
          FilterExpression: 'tenant = :tenant',
          ExpressionAttributeValues: { ':tenant': { S: tenant.id } },
        }),
      );
      expect(Items).toEqual([]);
    } finally {
      giveBack();
      dynamodb.destroy();
    }
  });
});
