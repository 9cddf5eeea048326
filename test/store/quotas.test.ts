import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createQuotas } from '../../src/store/quotas.ts';
import { startIdTable } from './id-table.ts';

let table: Awaited<ReturnType<typeof startIdTable>>;
beforeAll(async () => {
  table = await startIdTable('quotas');
});
afterAll(() => table.close());

const minute = 28_333_333;
const start = minute * 60_000;

test('a key has its limit in each minute, and another key its own', async () => {
  const { take } = createQuotas(table);
  expect(await take('a', 2, start)).toBe(true);
  expect(await take('a', 2, start + 59_999)).toBe(true);
  expect(await take('a', 2, start + 30_000)).toBe(false);
  expect(await take('b', 2, start + 30_000)).toBe(true);
  expect(await take('a', 2, start + 60_000)).toBe(true);
});

test('of many at once, exactly the limit get through', async () => {
  const { take } = createQuotas(table);
  const taken = await Promise.all(Array.from({ length: 25 }, () => take('rush', 7, start)));
  expect(taken.filter(Boolean)).toHaveLength(7);
});

test('a limit of nothing lets nothing through', async () => {
  expect(await createQuotas(table).take('none', 0, start)).toBe(false);
});

test('units are added up within a minute, from many at once, and the sum is returned', async () => {
  const { add } = createQuotas(table);
  const sums = await Promise.all(Array.from({ length: 10 }, () => add('read#sum', 7, start)));
  expect(sums.toSorted((a, b) => a - b)).toEqual([7, 14, 21, 28, 35, 42, 49, 56, 63, 70]);
  expect(await add('read#sum', 5, start + 60_000)).toBe(5);
  expect(await add('read#other', 5, start)).toBe(5);
});

test('a count says when it can go, an hour after its minute', async () => {
  await createQuotas(table).take('counted', 5, start);
  await createQuotas(table).take('counted', 5, start);
  const Key = { id: { S: `counted#${minute}` } };
  const { Item } = await table.client.send(new GetItemCommand({ TableName: table.table, Key }));
  expect(Item).toEqual({ ...Key, n: { N: '2' }, expires: { N: String(minute * 60 + 3600) } });
});
