import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toTime } from '../../src/domain/encoding.ts';
import { createBatchReader } from '../../src/store/batch-reader.ts';
import { lines } from '../fixture/events.ts';
import { expectIntact } from '../fixture/intact.ts';
import { type Operator, operatorOf } from '../fixture/operator.ts';
import type { Pipeline } from '../fixture/pipeline.ts';
import { refuseInserts } from '../fixture/refuse-inserts.ts';
import { sharedPipeline } from '../fixture/shared-pipeline.ts';
import { put, sealed, type Tenant, vend } from '../fixture/vended.ts';

let pipeline: Pipeline;
let operator: Operator;
let dynamodb: DynamoDBClient;

beforeAll(async () => {
  pipeline = await sharedPipeline();
  operator = operatorOf(pipeline.deployment, { inside: true });
  dynamodb = new DynamoDBClient(pipeline.asRoot);
});
afterAll(async () => {
  dynamodb?.destroy();
  await operator?.close();
  await pipeline?.close();
});

/** Batches of the tenant's client that its feed tells of: the log of who read them comes whenever it comes. */
async function inFeed({ id, client }: Tenant): Promise<number> {
  const reader = createBatchReader({ client: dynamodb, table: pipeline.output('BatchesTable') });
  const day = toTime(Date.now()).slice(0, 10);
  const query = { day, shard: 0, after: '', before: '9', limit: 1000 };
  const { items } = await reader.feed(id, query);
  const told = items.flatMap(({ entries }) => entries).filter((entry) => entry.client === client);
  return new Set(told.map((entry) => entry.id)).size;
}

test('tenants whose partitions throttle for long are put aside at whichever step, neighbours commit, and a redrive stores all once', async () => {
  const steps = ['calendar', 'batches', 'feed'];
  const busy = await Promise.all(steps.map((step) => pipeline.tenant(`busy-${step}`)));
  const calm = await Promise.all(steps.map(() => pipeline.tenant('calm')));
  const now = Date.now();
  const own = new Map<Tenant, Buffer[]>();
  const mend = refuseInserts(
    pipeline,
    'ThrottlingError',
    /^(busy-calendar-\d+#calendar|busy-batches-\d+#2.*|busy-feed-\d+#feed#.*)$/,
  );
  // A lane for each step, in which a neighbour's records lie between those of the throttled tenant.
  for (const [i, step] of steps.entries()) {
    const lane: Buffer[] = [];
    const pair = [busy[i], calm[i], busy[i], calm[i]] as Tenant[];
    for (const [n, tenant] of pair.entries()) {
      const each = lines(now + n * 10, 2);
      own.set(tenant, [...(own.get(tenant) ?? []), ...each]);
      lane.push(sealed(await vend(pipeline.url, tenant), each));
    }
    await put(await vend(pipeline.url, calm[i] as Tenant), lane, () => step);
  }
  await pipeline.drained();

  const texts = (tenant: Tenant) => (own.get(tenant) ?? []).map(String);
  for (const tenant of calm) {
    await expectIntact(pipeline, tenant, texts(tenant));
    expect(await inFeed(tenant)).toBe(2);
  }
  // Nothing of them came to the step that was refused, nor to one behind it.
  const reached = busy.map(async (tenant) => [
    (await pipeline.batches(tenant)).length,
    await inFeed(tenant),
  ]);
  expect(await Promise.all(reached)).toEqual([
    [0, 0],
    [0, 0],
    [2, 0],
  ]);
  const { rows } = await operator.run('dlq', 'ls', '--reason', 'throttled', '--json');
  expect(rows).toHaveLength(6);
  for (const object of await pipeline.redrive())
    for (const text of object.trimEnd().split('\n'))
      expect(JSON.parse(text)).toMatchObject({ tenant: expect.stringMatching(/^busy-/) });

  mend();
  const ran = await operator.run('dlq', 'redrive', '--reason', 'throttled');
  expect([ran.code, ran.stdout]).toEqual([0, 'outcome  reason  count\nstored   -           6\n']);
  for (const tenant of busy) {
    await expectIntact(pipeline, tenant, texts(tenant));
    expect(await inFeed(tenant)).toBe(2);
  }
  expect(await pipeline.redrive()).toEqual([]);
});
