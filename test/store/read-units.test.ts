import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Event } from '../../src/domain/event.ts';
import { clause } from '../../src/domain/query.ts';
import { createBatchReader } from '../../src/store/batch-reader.ts';
import { createBatchWriter } from '../../src/store/batch-writer.ts';
import { batchesTable } from '../fixture/batches-table.ts';
import { openCountedDynamoDb } from '../fixture/counted-dynamodb.ts';
import { monthEnd, monthOfEvents, rare, storeMonth } from '../fixture/month.ts';
import { countMonth, readMonth } from '../fixture/read-month.ts';

/** As many batches as `npm run bench:read` has of 100 events each. */
const count = 20_000;
const size = 20;

let counted: Awaited<ReturnType<typeof openCountedDynamoDb>>;
let reader: ReturnType<typeof createBatchReader>;
const events: Pick<Event, 'id' | 'action' | 'actor'>[] = [];
let scanned: { value: string[]; cost: { units: number } };

beforeAll(async () => {
  counted = await openCountedDynamoDb([batchesTable]);
  const table = { client: counted.client, table: batchesTable.TableName };
  reader = createBatchReader(table);
  function* remembered() {
    for (const batch of monthOfEvents(count, size)) {
      for (const { id, action, actor } of batch) events.push({ id, action, actor });
      yield batch;
    }
  }
  await storeMonth(createBatchWriter({ ...table, now: () => monthEnd }), remembered());
  scanned = await counted.costOf(() => readMonth(reader));
}, 3_600_000);
afterAll(() => counted?.close());

/** Ids of what was written and holds, newest first. */
const idsOf = (holds: (event: (typeof events)[number]) => boolean) =>
  events
    .filter(holds)
    .map(({ id }) => id)
    .sort()
    .reverse();

test('reading everything gives everything', () => {
  expect(scanned.value).toEqual(idsOf(() => true));
});

test('one actor’s events of a month are all found, for a tenth of the read units of reading everything', async () => {
  const filter = [clause('actor', [rare.actor]) ?? []];
  const { value, cost } = await counted.costOf(() => readMonth(reader, { filter }));
  expect(value).toHaveLength(20);
  expect(value).toEqual(idsOf(({ actor }) => actor.id === rare.actor));
  // `npm run bench:read`, 100,000 events in batches of 100: 220 of 4,090 units, 5.4%; and 136 for counting, 3.3%.
  expect(cost.units / scanned.cost.units).toBeLessThan(0.1);
});

test('counting a month by action reads no body, and is exact', async () => {
  const { value, cost } = await counted.costOf(() => countMonth(reader));
  const expected = Map.groupBy(events, ({ action }) => action);
  expect(value).toEqual(new Map([...expected].map(([action, all]) => [action, all.length])));
  expect(cost.units / scanned.cost.units).toBeLessThan(0.1);
});
