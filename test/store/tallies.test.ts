import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codeOf } from '../../src/domain/error.ts';
import { createDynamoDb } from '../../src/local/dynamodb/service.ts';
import { createTallies } from '../../src/store/tallies.ts';
import { batchesTable } from '../fixture/batches-table.ts';
import { serveService } from '../fixture/serve-service.ts';

const now = Date.parse('2026-03-01T12:00:00.000Z');
const table = batchesTable.TableName;
const soon = () => AbortSignal.timeout(30_000);

let client: DynamoDBClient;
let stop: () => Promise<void>;
beforeAll(async () => {
  const service = createDynamoDb({ account: '123456789012', region: 'us-east-1' });
  await service.createTable(batchesTable);
  const served = await serveService(service);
  stop = served.close;
  client = new DynamoDBClient({
    endpoint: served.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    maxAttempts: 1,
  });
});
afterAll(async () => {
  client.destroy();
  await stop();
});

const open = () => createTallies({ client, table, now: () => now });

test('what is noted is summed at once, by grant and tenant', async () => {
  const tallies = open();
  const owner = { tenant: 'acme', grant: 'g1' };
  expect(await tallies.sum(owner, soon())).toEqual({ bytes: 0, faults: 0 });
  await tallies.note(owner, 'a', { bytes: 5_000_000_000, faults: 1 }, soon());
  await tallies.note(owner, 'b', { bytes: 7, faults: 20 }, soon());
  await tallies.note({ ...owner, grant: 'g2' }, 'a', { bytes: 100, faults: 100 }, soon());
  await tallies.note({ ...owner, tenant: 'globex' }, 'a', { bytes: 100, faults: 100 }, soon());
  expect(await tallies.sum(owner, soon())).toEqual({ bytes: 5_000_000_007, faults: 21 });
});

test('a tally that is noted again, since an answer was lost, counts once', async () => {
  const tallies = open();
  const owner = { tenant: 'acme', grant: 'again' };
  for (let i = 0; i < 3; i++) await tallies.note(owner, 'a', { bytes: 5, faults: 2 }, soon());
  expect(await tallies.sum(owner, soon())).toEqual({ bytes: 5, faults: 2 });
});

test('a tally goes away by itself two days later', async () => {
  await open().note({ tenant: 'acme', grant: 'old' }, 'a', { bytes: 1, faults: 0 }, soon());
  const Key = { pk: { S: 'acme#tally#old' }, sk: { S: 'a' } };
  const { Item } = await client.send(new GetItemCommand({ TableName: table, Key }));
  expect(Item?.['expires']).toEqual({ N: String(now / 1000 + 2 * 86_400) });
});

test('not to know whether it is noted is an error', async () => {
  const tallies = createTallies({ client, table: 'nowhere', now: () => now });
  const owner = { tenant: 'acme', grant: 'g' };
  const noted = tallies.note(owner, 'a', { bytes: 1, faults: 0 }, soon());
  expect(await noted.then(() => undefined, codeOf)).toBe('unavailable');
  await expect(open().sum(owner, AbortSignal.abort())).rejects.toThrow();
});
