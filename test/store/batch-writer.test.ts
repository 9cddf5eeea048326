import {
  BatchExecuteStatementCommand,
  type BatchExecuteStatementCommandInput,
  type BatchStatementErrorCodeEnum,
  DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import { createBatchWriter } from '../../src/store/batch-writer.ts';
import { anyBatch } from '../fixture/stored-batch.ts';

const start = Date.parse('2026-03-02T10:00:00.000Z');
const signal = () => AbortSignal.timeout(20_000);

/** A DynamoDB that answers each statement, by its keys, with the code that `fate` tells. */
function setUp(
  fate: (pk: string, sk: string) => BatchStatementErrorCodeEnum | undefined,
  patienceMs = 150,
) {
  const client = new DynamoDBClient({ region: 'us-east-1' });
  const rows: string[] = [];
  let now = start;
  mockClient(client)
    .on(BatchExecuteStatementCommand)
    .callsFake(async ({ Statements = [] }: BatchExecuteStatementCommandInput) => ({
      Responses: Statements.map(({ Parameters = [] }) => {
        const [pk = '', sk = ''] = Parameters.map(({ S }) => S);
        rows.push(`${pk} ${sk}`);
        const Code = fate(pk, sk);
        return Code === undefined ? {} : { Error: { Code } };
      }),
    }));
  const options = { client, table: 'batches', now: () => now++ };
  return { writer: createBatchWriter({ ...options, patienceMs }), rows };
}

test('a day is noted once by a container, and again only if it was not taken', async () => {
  let down = true;
  const { writer, rows } = setUp(() => (down ? 'InternalServerError' : undefined));
  const batches = [anyBatch(), anyBatch(), anyBatch({ shard: 1 })];
  expect(await writer.noteDays(batches, signal())).toEqual(['failed', 'failed', 'failed']);
  down = false;
  rows.length = 0;
  await writer.noteDays(batches, signal());
  expect(rows.sort()).toEqual(['acme#calendar 2026-03-01#0', 'acme#calendar 2026-03-01#1']);
  await writer.noteDays(batches, signal());
  expect(rows).toHaveLength(2);
});

test('a throttled tenant is given up while there is time to tell the feed of its neighbours', async () => {
  const { writer } = setUp((pk) => (pk.startsWith('busy#2026') ? 'ThrottlingError' : undefined));
  const batches = [anyBatch(), anyBatch({ tenant: 'busy' }), anyBatch()];
  const deadline = signal();
  expect(await writer.insert(batches, deadline)).toEqual(['stored', 'throttled', 'stored']);
  expect(deadline.aborted).toBe(false);
});

test('the feed’s day is noted before the feed is written, and each try has a stamp of its own', async () => {
  let failures = 5;
  const { writer, rows } = setUp(
    (pk) => (pk.includes('#feed#') && failures-- > 0 ? 'InternalServerError' : undefined),
    20_000,
  );
  await writer.appendFeed([anyBatch()], 'call', signal());
  expect(rows[0]).toBe('acme#calendar feed#2026-03-02#0');
  const stamps = rows.slice(1).map((row) => row.split(' ')[1]);
  // Four tries of the first stamp, two of the second: what is taken is stamped when it was tried.
  expect(stamps).toEqual([
    ...Array.from({ length: 4 }, () => '2026-03-02T10:00:00.000Z#call'),
    ...Array.from({ length: 2 }, () => '2026-03-02T10:00:00.001Z#call'),
  ]);
});

test('a feed that is not taken is a failure, never silence', async () => {
  const { writer } = setUp((pk) => (pk.includes('#feed#') ? 'InternalServerError' : undefined));
  expect(await writer.appendFeed([anyBatch()], 'call', signal())).toEqual(['failed']);
});

test.each([
  ['calendar', /^busy#calendar$/],
  ['feed', /^busy#feed#/],
] as const)(
  'a tenant whose partition of the %s is throttled keeps no neighbour waiting, and is told apart',
  async (step, partition) => {
    let isBusy = true;
    const { writer, rows } = setUp((pk) =>
      isBusy && partition.test(pk) ? 'ThrottlingError' : undefined,
    );
    const batches = [anyBatch({ tenant: 'busy' }), anyBatch(), anyBatch({ tenant: 'busy' })];
    const run = () =>
      step === 'calendar'
        ? writer.noteDays(batches, signal())
        : writer.appendFeed(batches, 'call', signal());
    expect(await run()).toEqual(['throttled', 'stored', 'throttled']);
    const ofNeighbour = rows.filter((row) => /^acme/.test(row) && row.includes(step));
    expect(ofNeighbour.length).toBeLessThanOrEqual(2); // its day, and its item: once each
    isBusy = false;
    rows.length = 0;
    expect(await run()).toEqual(['stored', 'stored', 'stored']);
    expect(rows.some((row) => row.startsWith('busy'))).toBe(true); // what was not taken is not thought known
  },
);

test('a feed whose day cannot be noted is not written: no follower would find it', async () => {
  const { writer, rows } = setUp((_, sk) =>
    sk.startsWith('feed#') ? 'ThrottlingError' : undefined,
  );
  expect(await writer.appendFeed([anyBatch()], 'call', signal())).toEqual(['throttled']);
  expect(rows.filter((row) => row.startsWith('acme#feed#'))).toEqual([]);
});

test('what was written before is there: for calendar and feed it is all one, for a batch it is not', async () => {
  const { writer } = setUp(() => 'DuplicateItem');
  expect(await writer.noteDays([anyBatch()], signal())).toEqual(['stored']);
  expect(await writer.insert([anyBatch()], signal())).toEqual(['present']);
  expect(await writer.appendFeed([anyBatch()], 'call', signal())).toEqual(['stored']);
});

test('nothing is written of nothing', async () => {
  const { writer, rows } = setUp(() => undefined);
  expect(await writer.noteDays([], signal())).toEqual([]);
  expect(await writer.insert([], signal())).toEqual([]);
  expect(await writer.appendFeed([], 'call', signal())).toEqual([]);
  expect(rows).toEqual([]);
});
