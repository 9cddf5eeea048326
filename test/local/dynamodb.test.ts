import {
  type AttributeValue,
  BatchExecuteStatementCommand,
  BatchGetItemCommand,
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

describe('INSERT', () => {
  it('keeps every kind of value exactly', async () => {
    const item = {
      ...key(),
      number: { N: '9007199254740993' },
      fraction: { N: '0.1000000000000000055511151231257827' },
      bytes: { B: Uint8Array.from({ length: 256 }, (_, byte) => byte) },
      nothing: { NULL: true },
      yes: { BOOL: true },
      text: { S: "it's {odd}, ? isn't it\n\u0000\ud83d\ude00" },
      list: { L: [{ M: { a: { S: 'b' } } }] },
      set: { SS: ['a', 'b'] },
    } satisfies Record<string, AttributeValue>;
    const answer = await client.send(batch(item));
    expect(answer.Responses).toEqual([{ TableName: 'batches' }]);
    const { pk, sk } = item;
    const { Item } = await client.send(
      new GetItemCommand({ TableName: 'batches', Key: { pk, sk } }),
    );
    expect(Item).toEqual(item);
  });

  it('takes literals and odd attribute names', async () => {
    const { pk, sk } = key();
    await client.send(
      new ExecuteStatementCommand({
        Statement: `insert into batches value { 'pk' : ?, 'sk' : ?, 'it''s' : 'a ''b'' {c}, ?' };`,
        Parameters: [pk, sk],
      }),
    );
    const { Item } = await client.send(new GetItemCommand({ TableName: arn, Key: { pk, sk } }));
    expect(Item).toMatchObject({ "it's": { S: "a 'b' {c}, ?" } });
  });

  it('of a key that is there is a DuplicateItem, and the item stays as it was', async () => {
    const first = { ...key(), value: { S: 'first' } };
    const { pk, sk } = first;
    await client.send(batch(first));
    const other = { ...key(), value: { S: 'other' } };
    const { Responses } = await client.send(batch({ ...first, value: { S: 'second' } }, other));
    expect(Responses).toEqual([
      {
        Error: { Code: 'DuplicateItem', Message: 'Duplicate primary key exists in table' },
        TableName: 'batches',
      },
      { TableName: 'batches' },
    ]);
    const single = client.send(new ExecuteStatementCommand(insert(first)));
    await expect(single).rejects.toMatchObject({ name: 'DuplicateItemException' });
    const { Item } = await client.send(
      new GetItemCommand({ TableName: 'batches', Key: { pk, sk } }),
    );
    expect(Item).toEqual(first);
  });

  it('of one new key by many at once is stored by one of them', async () => {
    const item = key();
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.send(batch(item))));
    const errors = answers.map(({ Responses }) => Responses?.[0]?.Error?.Code);
    expect(errors.filter((code) => code === undefined).length).toBe(1);
    expect(errors.filter((code) => code === 'DuplicateItem').length).toBe(19);
  });

  it('of the same key twice in a call fails the whole call', async () => {
    const item = key();
    const neighbour = key();
    await expect(
      client.send(batch(neighbour, item, { ...item, a: { S: 'b' } })),
    ).rejects.toMatchObject({
      name: 'ValidationException',
    });
    const { Item } = await client.send(
      new GetItemCommand({ TableName: 'batches', Key: neighbour }),
    );
    expect(Item).toBeUndefined();
  });

  it('takes 25 statements and refuses 26', async () => {
    const items = Array.from({ length: 26 }, key);
    await expect(client.send(batch(...items))).rejects.toMatchObject({
      name: 'ValidationException',
    });
    const { Responses } = await client.send(batch(...items.slice(1)));
    expect(Responses).toEqual(items.slice(1).map(() => ({ TableName: 'batches' })));
  });

  it('reports what fails of one statement beside its neighbours', async () => {
    const large = { ...key(), record: { B: new Uint8Array(400 * 1024) } };
    const Statements = [
      insert(large),
      insert(key()),
      insert(key(), 'absent'),
      { Statement: `INSERT INTO "batches" VALUE {'pk': ?}`, Parameters: [] },
      { Statement: `INSERT INTO "batches" VALUE {'pk' ?}`, Parameters: [{ S: 'a' }] },
      {
        Statement: `INSERT INTO "batches" VALUE {'pk': ?, 'sk': 'x'}`,
        Parameters: [{ S: 'a' }, { S: 'b' }],
      },
    ];
    const { Responses } = await client.send(new BatchExecuteStatementCommand({ Statements }));
    const codes = Responses?.map(({ Error: error }) => error?.Code);
    expect(codes).toEqual([
      'ValidationError',
      undefined,
      'ResourceNotFound',
      'ValidationError',
      'ValidationError',
      'ValidationError',
    ]);
  });
});

describe('other statements', () => {
  const update = { Statement: `UPDATE "batches" SET a = 1 WHERE pk = 'x' AND sk = 'y'` };
  const select = { Statement: `SELECT * FROM "batches"."summary" WHERE pk = 'x'` };

  it('are not supported, and reads and writes never mix', async () => {
    await expect(client.send(new ExecuteStatementCommand(update))).rejects.toThrow(
      'not supported locally',
    );
    const mixed = new BatchExecuteStatementCommand({ Statements: [insert(key()), select] });
    await expect(client.send(mixed)).rejects.toThrow('Mixed read and write');
  });

  it.each([
    ['PartiQLUpdate', update.Statement, arn],
    ['PartiQLDelete', `DELETE FROM batches WHERE pk = 'x' AND sk = 'y'`, arn],
    ['PartiQLSelect', select.Statement, `${arn}/index/summary`],
    ['PartiQLInsert', insert({ pk: { S: 'a' }, sk: { S: 'b' } }).Statement, arn],
  ])('need %s before they are looked at', async (action, Statement, resource) => {
    const others = ['Insert', 'Update', 'Delete', 'Select'].map(
      (verb) => `dynamodb:PartiQL${verb}`,
    );
    const role = local.asRole(`no-${action}`, [
      policy(allow(others.filter((each) => !each.endsWith(action)))),
    ]);
    const denied = new DynamoDBClient(role).send(new ExecuteStatementCommand({ Statement }));
    await expect(denied).rejects.toThrow(`perform: dynamodb:${action} on resource: ${resource}`);
  });
});

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
