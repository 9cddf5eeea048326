import {
  BatchGetItemCommand,
  type BatchGetItemCommandInput,
  DynamoDBClient,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import { codeOf } from '../../src/domain/error.ts';
import { createBatchReader } from '../../src/store/batch-reader.ts';
import { batchSortKey } from '../../src/store/keys.ts';
import { collect } from '../fixture/collect.ts';
import { anyBatch } from '../fixture/stored-batch.ts';

const batches = Array.from({ length: 120 }, () => anyBatch());
const wanted = batches.map(({ to, id, shard }) => ({ key: batchSortKey(to, id), shard }));

/** `taken`: how many of a call's keys DynamoDB answers; it leaves the others out. */
function setUp(taken: (asked: number, call: number) => number, consistent = true) {
  const client = new DynamoDBClient({ region: 'us-east-1' });
  const mock = mockClient(client);
  const calls: string[][] = [];
  mock.on(BatchGetItemCommand).callsFake((input: BatchGetItemCommandInput) => {
    const { Keys = [], ...rest } = input.RequestItems?.['batches'] ?? { Keys: [] };
    expect(rest.ConsistentRead).toBe(consistent);
    expect(Keys.length).toBeLessThanOrEqual(100);
    const count = taken(Keys.length, calls.push(Keys.map((key) => key['sk']?.S ?? '')));
    return {
      Responses: { batches: Keys.slice(0, count).map(({ pk, sk }) => ({ pk, sk })) },
      UnprocessedKeys: count < Keys.length ? { batches: { Keys: Keys.slice(count), ...rest } } : {},
    };
  });
  return { mock, calls, reader: createBatchReader({ client, table: 'batches' }) };
}

test('what DynamoDB leaves out is asked for again, and only that', async () => {
  const { reader, calls } = setUp((asked, call) => (call === 1 ? 60 : call === 2 ? 0 : asked));
  const read = await reader.records('acme', wanted);
  expect(read.map(({ key }) => key).sort()).toEqual(wanted.map(({ key }) => key).sort());
  const answered = [calls[0]?.slice(0, 60), ...calls.slice(2)].flat();
  expect(answered.length).toBe(120); // nothing twice
});

test('an answer that DynamoDB leaves out six times is throttling, never a missing record', async () => {
  const { reader, calls } = setUp((_, call) => (call === 1 ? 1 : 0));
  expect(await reader.records('acme', wanted).then(() => undefined, codeOf)).toBe('throttled');
  expect(calls).toHaveLength(7);
});

test('the same is so for whether batches are stored, which is read for half the price', async () => {
  const { reader } = setUp(() => 0, false);
  expect(await reader.stored('acme', [1], batches, 30).then(() => undefined, codeOf)).toBe(
    'throttled',
  );
});

test('another failure is passed on', async () => {
  const { reader, mock } = setUp(() => 0);
  mock.on(BatchGetItemCommand).rejects(new Error('down'));
  mock.on(QueryCommand).rejects(new Error('down too'));
  await expect(reader.records('acme', wanted)).rejects.toThrow('down');
  const query = { day: '2026-03-01', shard: 0, order: 'asc', start: undefined, limit: 1 } as const;
  await expect(reader.summaries('acme', query)).rejects.toThrow('down too');
});

test('the calendar and the feed are read strongly consistent, summaries from their index', async () => {
  const { reader, mock } = setUp(() => 0);
  mock.on(QueryCommand).resolves({ Items: [] });
  const range = { from: '2026-03-01', to: '2026-03-01', order: 'asc' } as const;
  await collect(reader.days('acme', { kind: 'feed', ...range }));
  await reader.feed('acme', { day: '2026-03-01', shard: 0, after: '', before: 'x', limit: 1 });
  const summaries = { day: '2026-03-01', shard: 0, start: undefined, limit: 1 } as const;
  await reader.summaries('acme', { ...summaries, order: 'desc' });
  const inputs = mock.commandCalls(QueryCommand).map(({ args }) => args[0].input);
  expect(inputs.map(({ ConsistentRead }) => ConsistentRead)).toEqual([true, true, undefined]);
  expect(inputs.map(({ IndexName }) => IndexName)).toEqual([undefined, undefined, 'summary']);
});

test('only keys of the day itself are asked for, from a start in either order', async () => {
  const { reader, mock } = setUp(() => 0);
  const sk = '2026-03-01T12:00:00.000Z#x';
  mock.on(QueryCommand).resolves({ Items: [{ sk: { S: sk } }, { sk: { S: `${sk}y` } }] });
  const query = { day: '2026-03-01', shard: 0, limit: 5 } as const;
  const ask = async (order: 'asc' | 'desc', key: string, inclusive: boolean) => {
    const page = await reader.summaries('acme', { ...query, order, start: { key, inclusive } });
    const { ':low': low, ':high': high } =
      mock.commandCalls(QueryCommand).at(-1)?.args[0].input.ExpressionAttributeValues ?? {};
    return [low?.S, high?.S, page.summaries.map((each) => each.key)];
  };
  const [first, last] = ['2026-03-01T', '2026-03-01~'];
  expect(await ask('asc', sk, true)).toEqual([sk, last, [sk, `${sk}y`]]);
  expect(await ask('asc', sk, false)).toEqual([sk, last, [`${sk}y`]]);
  expect(await ask('desc', sk, false)).toEqual([first, sk, [`${sk}y`]]);
  expect((await ask('asc', '2026-02-01', false)).slice(0, 2)).toEqual([first, last]);
  expect((await ask('desc', '2026-04-01#~', true)).slice(0, 2)).toEqual([first, last]);
});

test('what a summary lacks is no value, and an item of the feed that cannot be read is told to be so', async () => {
  const { reader, mock } = setUp(() => 0);
  const key = '2026-03-01T12:00:00.000Z#call';
  const { to, id, shard, client, producer, seq, prev, count, fin } = anyBatch();
  const entry = { to, id, shard, client, producer, seq, prev, count, fin };
  const texts = [[entry], [{ ...entry, id: 'x' }], [{ ...entry, seq: -1 }], {}].map((each) =>
    JSON.stringify(each),
  );
  const items = [...texts, '{', ''].map((text) => ({ sk: { S: key }, entries: { S: text } }));
  mock.on(QueryCommand).resolves({
    Items: [...items, { sk: { S: '2026-03-01T' }, entries: { S: texts[0] ?? '' } }],
  });
  const range = { day: '2026-03-01', shard: 0, after: '', before: 'x', limit: 9 };
  const feed = await reader.feed('acme', range);
  expect(feed.items[0]).toEqual({ key, entries: [entry] });
  expect(feed.items.slice(1).map(({ isBroken, entries }) => [isBroken, entries])).toEqual(
    Array(6).fill([true, []]),
  );
  mock.on(QueryCommand).resolves({ Items: [{ sk: { S: '2026-03-01Tx' } }] });
  const query = { day: '2026-03-01', shard: 0, order: 'asc', start: undefined, limit: 5 } as const;
  const [bare] = (await reader.summaries('acme', query)).summaries;
  const none = Number.NaN;
  expect(bare).toMatchObject({ to: none, from: none, seq: none, arrival: none, expires: none });
});
