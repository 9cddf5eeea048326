import {
  type AttributeValue,
  BatchExecuteStatementCommand,
  DynamoDBClient,
  ExecuteStatementCommand,
  GetItemCommand,
  type KeySchemaElement,
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
