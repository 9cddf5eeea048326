import {
  type AttributeValue,
  BatchExecuteStatementCommand,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  ExecuteStatementCommand,
  GetItemCommand,
  type KeySchemaElement,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDynamoDb } from '../../src/local/dynamodb/service.ts';
import { allow, openFrontDoor, place, policy } from '../fixture/front-door.ts';

const dynamodb = createDynamoDb(place);
const keys: KeySchemaElement[] = [
  { AttributeName: 'pk', KeyType: 'HASH' },
  { AttributeName: 'sk', KeyType: 'RANGE' },
];
const batches: Parameters<typeof dynamodb.createTable>[0] = {
  TableName: 'batches',
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
  ],
  KeySchema: keys,
  GlobalSecondaryIndexes: [
    {
      IndexName: 'summary',
      KeySchema: keys,
      Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['count'] },
    },
  ],
  ttlAttribute: 'expires',
};
const arn = `arn:aws:dynamodb:${place.region}:${place.account}:table/batches`;

let local: Awaited<ReturnType<typeof openFrontDoor>>;
let client: DynamoDBClient;

beforeAll(async () => {
  local = await openFrontDoor(() => [dynamodb]);
  client = new DynamoDBClient(local.asRoot());
  expect(await dynamodb.createTable(batches)).toEqual({ arn });
});
afterAll(() => local.close());

let last = 0;
function key(): { pk: AttributeValue; sk: AttributeValue } {
  last += 1;
  return { pk: { S: 'acme#1' }, sk: { S: String(last).padStart(6, '0') } };
}

/** An INSERT of these attributes, all as parameters. */
function insert(item: Record<string, AttributeValue>, table = 'batches') {
  const members = Object.keys(item).map((name) => `'${name}': ?`);
  return {
    Statement: `INSERT INTO "${table}" VALUE {${members.join(', ')}}`,
    Parameters: Object.values(item),
  };
}

function batch(...items: Record<string, AttributeValue>[]) {
  return new BatchExecuteStatementCommand({ Statements: items.map((item) => insert(item)) });
}

describe('a table', () => {
  it('is described by its own ARN', async () => {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: 'batches' }));
    expect(Table).toMatchObject({ TableArn: arn, TableStatus: 'ACTIVE' });
    expect(Table?.GlobalSecondaryIndexes?.[0]?.IndexArn).toBe(`${arn}/index/summary`);
  });

  it('has an index over its own keys, which holds only what is projected', async () => {
    const pk = { S: 'index#1' };
    const items = ['b', 'a', 'c'].map((sk) => ({
      pk,
      sk: { S: sk },
      count: { N: '1' },
      record: { B: new Uint8Array(9) },
    }));
    await client.send(batch(...items));
    const query = {
      TableName: 'batches',
      KeyConditionExpression: 'pk = :pk AND sk < :sk',
      ExpressionAttributeValues: { ':pk': pk, ':sk': { S: 'c' } },
      ScanIndexForward: false,
    };
    const { Items } = await client.send(new QueryCommand({ ...query, IndexName: 'summary' }));
    expect(Items).toEqual(['b', 'a'].map((sk) => ({ pk, sk: { S: sk }, count: { N: '1' } })));
    const whole = await client.send(new QueryCommand({ ...query, ConsistentRead: true }));
    expect(whole.Items?.[0]).toHaveProperty('record');
  });

  it('needs leave for its index apart, and for each table of a batch', async () => {
    const role = local.asRole('reader', [
      policy(allow(['dynamodb:Query', 'dynamodb:BatchGetItem'], arn)),
    ]);
    const reader = new DynamoDBClient(role);
    const query = {
      TableName: 'batches',
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: 'x' } },
    };
    await reader.send(new QueryCommand(query));
    await expect(reader.send(new QueryCommand({ ...query, IndexName: 'summary' }))).rejects.toThrow(
      `dynamodb:Query on resource: ${arn}/index/summary`,
    );
    const one = { Keys: [{ pk: { S: 'x' }, sk: { S: 'y' } }] };
    await reader.send(new BatchGetItemCommand({ RequestItems: { batches: one } }));
    const two = reader.send(
      new BatchGetItemCommand({ RequestItems: { batches: one, grants: one } }),
    );
    await expect(two).rejects.toThrow('table/grants');
  });

  it('lets a role that is bound to some partition keys query those and no others', async () => {
    const bound = policy({
      ...allow('dynamodb:Query', arn),
      Condition: {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['*#calendar', '*#feed#*'] },
        Null: { 'dynamodb:LeadingKeys': 'false' },
      },
    });
    const reader = new DynamoDBClient(local.asRole('follower', [bound]));
    const query = (pk: string, condition = '#p = :p', names = { '#p': 'pk' }) =>
      reader.send(
        new QueryCommand({
          TableName: 'batches',
          KeyConditionExpression: condition,
          ExpressionAttributeNames: names,
          ExpressionAttributeValues: { ':p': { S: pk } },
        }),
      );
    await query('acme#calendar');
    await query('acme#feed#2026-01-01#0');
    for (const pk of ['acme#2026-01-01#0', 'acme', '#calendarx'])
      await expect(query(pk)).rejects.toThrow('not authorized to perform: dynamodb:Query');
    // A key that hides from the check is none.
    await expect(query('acme#2026-01-01#0', '#p  =  :p')).rejects.toThrow('not authorized');
    await expect(query('acme#2026-01-01#0', '#p=:p')).rejects.toThrow('not authorized');
  });

  it('lets a role that is bound to some partition keys update those and no others', async () => {
    const bound = policy({
      ...allow('dynamodb:UpdateItem', arn),
      Condition: {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['read#*'] },
        Null: { 'dynamodb:LeadingKeys': 'false' },
      },
    });
    const counter = new DynamoDBClient(local.asRole('counter', [bound]));
    const count = (pk: string) =>
      counter.send(
        new UpdateItemCommand({
          TableName: 'batches',
          Key: { pk: { S: pk }, sk: { S: 's' } },
          UpdateExpression: 'ADD n :one',
          ExpressionAttributeValues: { ':one': { N: '1' } },
        }),
      );
    await count('read#k1');
    for (const pk of ['k1', 'xread#k1'])
      await expect(count(pk)).rejects.toThrow('not authorized to perform: dynamodb:UpdateItem');
  });

  it('lets a role that is bound to some partition keys insert those and no others', async () => {
    const bound = policy({
      ...allow('dynamodb:PartiQLInsert', arn),
      Condition: {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['revoked#*'] },
        Null: { 'dynamodb:LeadingKeys': 'false' },
      },
    });
    const writer = new DynamoDBClient(local.asRole('revoker', [bound]));
    const insert = (members: string, ...keys: string[]) => ({
      Statement: `INSERT INTO "batches" VALUE {${members}}`,
      Parameters: keys.map((S) => ({ S })),
    });
    const one = (...statement: Parameters<typeof insert>) =>
      writer.send(new ExecuteStatementCommand(insert(...statement)));
    await one("'pk': ?, 'sk': ?", 'revoked#a', 's');
    await one("'sk': ?, 'pk': ?", 's', 'revoked#b');
    await one("'pk': 'revoked#c', 'sk': 's'");
    const refused = 'not authorized to perform: dynamodb:PartiQLInsert';
    await expect(one("'pk': ?, 'sk': ?", 'grant', 's')).rejects.toThrow(refused);
    await expect(one("'sk': ?, 'pk': ?", 'revoked#d', 'grant')).rejects.toThrow(refused);
    await expect(one("'pk': 'grant', 'sk': 'revoked#e'")).rejects.toThrow(refused);
    const two = ['revoked#f', 'grant'].map((pk) => insert("'pk': ?, 'sk': ?", pk, 's'));
    await expect(
      writer.send(new BatchExecuteStatementCommand({ Statements: two })),
    ).rejects.toThrow(refused);
  });

  it('lets a role that is bound to some partition keys get and put those items and no others', async () => {
    const actions = ['GetItem', 'PutItem', 'UpdateItem', 'BatchGetItem', 'BatchWriteItem'];
    const bound = policy({
      ...allow(
        actions.map((action) => `dynamodb:${action}`),
        arn,
      ),
      Condition: {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['tenant#system'] },
        Null: { 'dynamodb:LeadingKeys': 'false' },
      },
    });
    const operator = new DynamoDBClient(local.asRole('bound-operator', [bound]));
    const TableName = 'batches';
    const named = (pk: string, sk = 's') => ({ pk: { S: pk }, sk: { S: sk } });
    const calls: Record<string, (...pks: string[]) => Promise<unknown>> = {
      GetItem: (pk = '') => operator.send(new GetItemCommand({ TableName, Key: named(pk) })),
      PutItem: (pk = '') => operator.send(new PutItemCommand({ TableName, Item: named(pk) })),
      UpdateItem: (pk = '') => operator.send(new UpdateItemCommand({ TableName, Key: named(pk) })),
      BatchGetItem: (...pks) =>
        operator.send(
          new BatchGetItemCommand({
            RequestItems: { [TableName]: { Keys: pks.map((pk, i) => named(pk, `${i}`)) } },
          }),
        ),
      BatchWriteItem: (...pks) =>
        operator.send(
          new BatchWriteItemCommand({
            RequestItems: {
              [TableName]: pks.map((pk, i) => ({ PutRequest: { Item: named(pk, `${i}`) } })),
            },
          }),
        ),
    };
    for (const [action, call] of Object.entries(calls)) {
      await call('tenant#system');
      const refused = `not authorized to perform: dynamodb:${action}`;
      await expect(call('key#k'), action).rejects.toThrow(refused);
      if (action.startsWith('Batch'))
        await expect(call('tenant#system', 'key#k'), action).rejects.toThrow(refused);
    }
    // The other half of the key is not the one that counts.
    const hidden = { pk: { S: 'key#k' }, sk: { S: 'tenant#system' } };
    await expect(operator.send(new PutItemCommand({ TableName, Item: hidden }))).rejects.toThrow(
      'not authorized',
    );
  });

  it('counts up under a condition, as quotas do', async () => {
    const update = () =>
      client.send(
        new UpdateItemCommand({
          TableName: 'batches',
          Key: { pk: { S: 'quota' }, sk: { S: 'x' } },
          UpdateExpression: 'ADD #n :one',
          ConditionExpression: 'attribute_not_exists(#n) OR #n < :most',
          ExpressionAttributeNames: { '#n': 'n' },
          ExpressionAttributeValues: { ':one': { N: '1' }, ':most': { N: '2' } },
          ReturnValues: 'ALL_NEW',
        }),
      );
    await update();
    expect((await update()).Attributes?.['n']).toEqual({ N: '2' });
    await expect(update()).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' });
  });

  it('remembers its expiry attribute', async () => {
    const describeTtl = new DescribeTimeToLiveCommand({ TableName: 'batches' });
    const enabled = { TimeToLiveStatus: 'ENABLED', AttributeName: 'expires' };
    expect((await client.send(describeTtl)).TimeToLiveDescription).toEqual(enabled);
    const off = { Enabled: false, AttributeName: 'expires' };
    await client.send(
      new UpdateTimeToLiveCommand({ TableName: 'batches', TimeToLiveSpecification: off }),
    );
    expect((await client.send(describeTtl)).TimeToLiveDescription).toEqual({
      TimeToLiveStatus: 'DISABLED',
    });
  });

  it('that is protected is not deleted', async () => {
    await dynamodb.createTable({
      TableName: 'grants',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      DeletionProtectionEnabled: true,
    });
    const deleted = client.send(new DeleteTableCommand({ TableName: 'grants' }));
    await expect(deleted).rejects.toThrow('protected against deletion');
    await client.send(new ExecuteStatementCommand(insert({ id: { S: 'a' } }, 'grants')));
  });

  it('with a resource policy denies even the root, but not inserting', async () => {
    const closed = [
      'PutItem',
      'UpdateItem',
      'DeleteItem',
      'BatchWriteItem',
      'PartiQLUpdate',
      'UpdateTimeToLive',
    ];
    dynamodb.setResourcePolicy(
      arn,
      policy({
        Effect: 'Deny',
        Principal: '*',
        Action: closed.map((each) => `dynamodb:${each}`),
        Resource: arn,
      }),
    );
    const put = client.send(new PutItemCommand({ TableName: 'batches', Item: key() }));
    await expect(put).rejects.toMatchObject({ name: 'AccessDeniedException' });
    const ttl = { Enabled: true, AttributeName: 'pk' };
    const expiry = new UpdateTimeToLiveCommand({ TableName: arn, TimeToLiveSpecification: ttl });
    await expect(client.send(expiry)).rejects.toThrow('explicit deny');
    await client.send(batch(key()));
  });
});
