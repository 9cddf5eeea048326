import {
  BatchExecuteStatementCommand,
  type BatchExecuteStatementCommandInput,
  type BatchStatementErrorCodeEnum,
  type BatchStatementResponse,
  DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import { type Item, insertItems } from '../../src/store/partiql-insert.ts';

/** What a call of a DynamoDB that does what it is told answers: a code a statement, or a failure of all. */
type Answer = (
  names: string[],
  call: number,
) => (BatchStatementErrorCodeEnum | undefined)[] | Error;

function setUp(answer: Answer) {
  const client = new DynamoDBClient({ region: 'us-east-1' });
  const calls: string[][] = [];
  const statements: BatchExecuteStatementCommandInput[] = [];
  mockClient(client)
    .on(BatchExecuteStatementCommand)
    .callsFake(async (input: BatchExecuteStatementCommandInput) => {
      statements.push(input);
      const names = (input.Statements ?? []).map(({ Parameters }) => Parameters?.[0]?.S ?? '');
      const codes = answer(names, calls.push(names));
      if (codes instanceof Error) throw codes;
      const Responses = codes.map(
        (Code): BatchStatementResponse => (Code === undefined ? {} : { Error: { Code } }),
      );
      return { Responses };
    });
  const insert = (names: string[], signal = AbortSignal.timeout(20_000), bytes = 1) =>
    insertItems(
      client,
      'batches',
      names.map((name) => itemOf(name, bytes)),
      signal,
    );
  return { insert, calls, statements };
}

function itemOf(name: string, bytes: number): Item {
  return { pk: { S: name }, record: { B: Buffer.alloc(bytes) } };
}

const named = (count: number) => Array.from({ length: count }, (_, i) => `item ${i}`);
const refused = (name: string) => Object.assign(new Error(name), { name });

test('items go out 25 a call, each with an INSERT of all its attributes', async () => {
  const { insert, calls, statements } = setUp((names) => names.map(() => undefined));
  expect(await insert(named(60))).toEqual(named(60).map(() => 'stored'));
  expect(calls.map(({ length }) => length).sort()).toEqual([10, 25, 25]);
  expect(statements[0]?.Statements?.[0]).toEqual({
    Statement: `INSERT INTO "batches" VALUE {'pk': ?, 'record': ?}`,
    Parameters: [{ S: 'item 0' }, { B: Buffer.alloc(1) }],
  });
});

test('a call holds about 4 MiB at most', async () => {
  const { insert, calls } = setUp((names) => names.map(() => undefined));
  await insert(named(20), undefined, 1024 * 1024);
  expect(Math.max(...calls.map(({ length }) => length))).toBeLessThanOrEqual(4);
  expect(calls.flat()).toHaveLength(20);
});

test('an item that is there already is told apart, and is not tried again', async () => {
  const { insert, calls } = setUp((names) =>
    names.map((name) => (name === 'item 1' ? 'DuplicateItem' : undefined)),
  );
  expect(await insert(named(3))).toEqual(['stored', 'present', 'stored']);
  expect(calls).toHaveLength(1);
});

test('an item whose first answer was lost is present: it is never stored twice', async () => {
  const { insert } = setUp((names, call) =>
    call === 1 ? refused('ECONNRESET') : names.map(() => 'DuplicateItem'),
  );
  expect(await insert(named(2))).toEqual(['present', 'present']);
});

test.each(['ProvisionedThroughputExceeded', 'ThrottlingError'] as const)(
  'only what meets %s is tried again, until it is taken',
  async (code) => {
    const { insert, calls } = setUp((names, call) =>
      names.map((name) => (name === 'item 2' && call < 6 ? code : undefined)),
    );
    expect(await insert(named(4))).toEqual(['stored', 'stored', 'stored', 'stored']);
    expect(calls).toEqual([named(4), ...Array.from({ length: 5 }, () => ['item 2'])]);
  },
);

test('what is throttled until the signal is aborted is throttled, its neighbours are stored', async () => {
  const deadline = new AbortController();
  const { insert, calls } = setUp((names, call) => {
    if (call === 5) deadline.abort();
    return names.map((name) => (name === 'item 1' ? 'ThrottlingError' : undefined));
  });
  expect(await insert(named(3), deadline.signal)).toEqual(['stored', 'throttled', 'stored']);
  expect(calls).toHaveLength(5);
});

test('a last try that the signal cuts off does not turn a throttled item into a failed one', async () => {
  const deadline = new AbortController();
  const { insert } = setUp((names, call) => {
    if (call < 3) return names.map(() => 'ThrottlingError');
    deadline.abort();
    return refused('AbortError');
  });
  expect(await insert(named(1), deadline.signal)).toEqual(['throttled']);
});

test('a call that the signal cuts off at once is failed: it is not known to be stored', async () => {
  const deadline = new AbortController();
  const { insert } = setUp(() => {
    deadline.abort();
    return refused('AbortError');
  });
  expect(await insert(named(2), deadline.signal)).toEqual(['failed', 'failed']);
});

test('after the signal nothing is sent', async () => {
  const { insert, calls } = setUp((names) => names.map(() => undefined));
  expect(await insert(named(2), AbortSignal.abort())).toEqual(['failed', 'failed']);
  expect(calls).toEqual([]);
});

test.each([
  'InternalServerError',
  'AccessDenied',
  'ResourceNotFound',
  'RequestLimitExceeded',
] as const)(
  'an item that meets %s is given up after four tries, and its neighbours are stored',
  async (code) => {
    const { insert, calls } = setUp((names) =>
      names.map((name) => (name === 'item 0' ? code : undefined)),
    );
    expect(await insert(named(3))).toEqual(['failed', 'stored', 'stored']);
    expect(calls).toEqual([named(3), ['item 0'], ['item 0'], ['item 0']]);
  },
);

test('an item that fails once and is then taken is stored', async () => {
  const { insert } = setUp((names, call) =>
    names.map(() => (call === 1 ? 'InternalServerError' : undefined)),
  );
  expect(await insert(named(2))).toEqual(['stored', 'stored']);
});

test('a call that is refused as a whole is tried singly: one bad statement, one failed item', async () => {
  const { insert, calls } = setUp((names) =>
    names.includes('item 1') ? refused('ValidationException') : names.map(() => undefined),
  );
  expect(await insert(named(4))).toEqual(['stored', 'failed', 'stored', 'stored']);
  const singly = [['item 0'], ['item 1'], ['item 2'], ['item 3']];
  expect(calls.slice(0, 5)).toEqual([named(4), ...singly]);
  expect(calls.slice(5)).toEqual([['item 1'], ['item 1'], ['item 1']]);
});

test('a call that fails as a whole is tried again whole, and given up after four tries', async () => {
  const { insert, calls } = setUp(() => refused('ECONNREFUSED'));
  expect(await insert(named(3))).toEqual(['failed', 'failed', 'failed']);
  expect(calls).toEqual(Array.from({ length: 4 }, () => named(3)));
});

test('a call that answers too little is not taken for success', async () => {
  const { insert } = setUp(() => [undefined]);
  expect(await insert(named(2), AbortSignal.timeout(20_000))).toEqual(['stored', 'stored']);
  const short = setUp((names) => names.slice(1).map(() => undefined));
  expect(await short.insert(named(1))).toEqual(['failed']);
});
