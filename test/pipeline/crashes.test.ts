import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { signBatch } from '../../src/domain/seal.ts';
import type { AwsResponse } from '../../src/local/service.ts';
import { lines } from '../fixture/events.ts';
import { expectIntact } from '../fixture/intact.ts';
import type { Pipeline } from '../fixture/pipeline.ts';
import { sharedPipeline } from '../fixture/shared-pipeline.ts';
import { composed, put, sealed, vend } from '../fixture/vended.ts';

let pipeline: Pipeline;

beforeAll(async () => {
  pipeline = await sharedPipeline('impatient');
});
afterEach(() => pipeline.deployment.faults.clear());
afterAll(() => pipeline?.close());

/** Kills the consumer right after an operation whose request holds this text was carried out, so often. */
function killAfter(operation: string, text: string, times: number): { readonly left: number } {
  const state = { left: times };
  pipeline.deployment.faults.add({
    service: 'dynamodb',
    operation,
    principal: /ConsumerRole/,
    fault: {
      kind: 'rewrite',
      response(answer: AwsResponse, { body }) {
        if (state.left > 0 && body.includes(text)) {
          state.left -= 1;
          pipeline.deployment.functions.get('consumer')?.kill();
        }
        return answer;
      },
    },
  });
  return state;
}

/** Six batches of one producer in a chain, as records. */
async function chain() {
  const tenant = await pipeline.tenant('crash');
  const vended = await vend(pipeline.url, tenant);
  const start = Date.now();
  const { producer } = composed(lines(start, 1));
  const records: Buffer[] = [];
  const own: string[] = [];
  let prev: string | null = null;
  for (let seq = 0; seq < 6; seq++) {
    const each = lines(start + seq, 3);
    const batch = composed(each, { client: vended.client, producer, seq, prev });
    records.push(signBatch(batch, vended.grantId, vended.key));
    own.push(...each.map(String));
    prev = batch.id;
  }
  return { tenant, vended, records, own };
}

test.each([
  ['before it has inserted anything', 'BatchGetItem', '', 2],
  ['between the insert and its answer', 'BatchExecuteStatement', "'record'", 2],
  ['between the insert and the feed', 'BatchExecuteStatement', "'entries'", 2],
] as const)(
  'a consumer killed %s loses nothing and stores nothing twice',
  async (_, operation, text, times) => {
    const { tenant, vended, records, own } = await chain();
    const { discarded } = pipeline.deployment.mapping.stats;
    const kills = killAfter(operation, text, times);
    await put(vended, records, () => 'one key');
    await pipeline.drained();
    expect(kills.left).toBe(0);
    await expectIntact(pipeline, tenant, own);
    expect(pipeline.deployment.mapping.stats.discarded).toBe(discarded);
  },
);

test.each([1, 3, 12])('an insert whose answer is lost %i times is one row', async (times) => {
  const { tenant, vended, records, own } = await chain();
  const { discarded } = pipeline.deployment.mapping.stats;
  // One lane, and so one container; which then knows the day, so that the next write is the batches'.
  await put(vended, records.slice(0, 1), () => 'one key');
  await pipeline.drained();
  pipeline.deployment.faults.add({
    service: 'dynamodb',
    operation: 'BatchExecuteStatement',
    principal: /ConsumerRole/,
    times,
    fault: { kind: 'cut-after' },
  });
  await put(vended, records.slice(1), () => 'one key');
  await pipeline.drained();
  await expectIntact(pipeline, tenant, own);
  expect(pipeline.deployment.mapping.stats.discarded).toBe(discarded);
});

test('a record that crashes the consumer each time ends in the redrive bucket, whole, and its neighbours are stored', async () => {
  const tenant = await pipeline.tenant('neighbour');
  const [good, fatal] = [await vend(pipeline.url, tenant), await vend(pipeline.url, tenant)];
  const own = [lines(Date.now(), 2), lines(Date.now() + 5, 2)];
  const [first, last] = own.map((each) => sealed(good, each)) as [Buffer, Buffer];
  const crasher = sealed(fatal, lines(Date.now(), 2));
  // Whatever invocation has it looks its grant up.
  killAfter('BatchGetItem', fatal.grantId, Number.POSITIVE_INFINITY);
  await put(good, [first, crasher, last], () => 'one key');
  await pipeline.drained();
  expect((await pipeline.log(tenant)).sort()).toEqual(own.flat().map(String).sort());
  const kept = (await pipeline.redrive()).map((text) => JSON.parse(text));
  expect(kept.map(({ requestContext }) => requestContext.condition)).toEqual([
    'RetryAttemptsExhausted',
  ]);
  const data = kept.flatMap(({ payload }) =>
    payload.Records.map(({ kinesis }: { kinesis: { data: string } }) => kinesis.data),
  );
  expect(data).toEqual([crasher.toString('base64')]);
});
