import { cpSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lines } from '../fixture/events.ts';
import type { Pipeline } from '../fixture/pipeline.ts';
import { sharedPipeline } from '../fixture/shared-pipeline.ts';
import { put, sealed, vend } from '../fixture/vended.ts';

let pipeline: Pipeline;
const folder = mkdtempSync(join(tmpdir(), 'sealtrail-hangs-'));

beforeAll(async () => {
  pipeline = await sharedPipeline('impatient');
});
afterAll(async () => {
  await consumerFunction().replace(pipeline.assetOf('consumer'), { timeoutSeconds: 60 });
  await pipeline?.close();
  await rm(folder, { recursive: true, force: true });
});

/** The consumer as it is, but for ever at work once it is given this record; and with 3 s in place of its 60. */
async function hangAt(record: Buffer): Promise<void> {
  const consumer = join(folder, 'consumer');
  cpSync(pipeline.assetOf('consumer'), consumer, { recursive: true });
  renameSync(join(consumer, 'index.js'), join(consumer, 'real.js'));
  writeFileSync(
    join(consumer, 'index.js'),
    `const { handler } = require('./real.js');
const never = new Int32Array(new SharedArrayBuffer(4));
exports.handler = (event, context) => {
  if (event.Records.some(({ kinesis }) => kinesis.data === '${record.toString('base64')}'))
    Atomics.wait(never, 0, 0);
  // As much time as it has been built for.
  return handler(event, { ...context, getRemainingTimeInMillis: () => 60_000 });
};`,
  );
  await consumerFunction().replace(consumer, { timeoutSeconds: 3 });
}

function consumerFunction() {
  const consumer = pipeline.deployment.functions.get('consumer');
  if (consumer === undefined) throw new Error('there is no consumer');
  return consumer;
}

test('a record at which the consumer hangs until its time is over ends in the redrive bucket, whole, and its neighbours are stored', async () => {
  const tenant = await pipeline.tenant('neighbour');
  const vended = await vend(pipeline.url, tenant);
  const own = [0, 1].map((i) => lines(Date.now() + i, 2));
  const good = own.map((each) => sealed(vended, each));
  const hanging = sealed(vended, lines(Date.now(), 2));
  await hangAt(hanging);
  await put(vended, [...good.slice(0, 1), hanging, ...good.slice(1)], () => 'one key');
  await pipeline.drained();
  expect((await pipeline.log(tenant)).sort()).toEqual(own.flat().map(String).sort());
  const kept = (await pipeline.redrive()).map((text) => JSON.parse(text));
  expect(kept.map(({ requestContext }) => requestContext.condition)).toEqual([
    'RetryAttemptsExhausted',
  ]);
  const data = kept.flatMap(({ payload }) =>
    payload.Records.map(({ kinesis }: { kinesis: { data: string } }) => kinesis.data),
  );
  expect(data).toEqual([hanging.toString('base64')]);
});
