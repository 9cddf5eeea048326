import { mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildFunctions } from '../../src/local/build-functions.ts';
import { lines } from '../fixture/events.ts';
import { openPipeline, type Pipeline } from '../fixture/pipeline.ts';
import { put, sealed, vend } from '../fixture/vended.ts';

let pipeline: Pipeline;
const folder = mkdtempSync(join(tmpdir(), 'sealtrail-hangs-'));

beforeAll(async () => {
  pipeline = await openPipeline((resources) => {
    for (const [id, { Type, Properties }] of Object.entries(resources)) {
      if (Type === 'AWS::Lambda::EventSourceMapping') Properties['MaximumRetryAttempts'] = 1;
      // Of its 60 s a test would wait for each try.
      if (Type === 'AWS::Lambda::Function' && id.startsWith('Consumer')) Properties['Timeout'] = 3;
    }
  });
});
afterAll(async () => {
  await pipeline?.close();
  await rm(folder, { recursive: true, force: true });
});

/** The consumer as it is, but for ever at work once it is given this record. */
async function hangAt(record: Buffer): Promise<void> {
  await buildFunctions({ outDir: folder });
  const consumer = join(folder, 'consumer');
  renameSync(join(consumer, 'index.js'), join(consumer, 'real.js'));
  writeFileSync(
    join(consumer, 'index.js'),
    `const { handler } = require('./real.js');
exports.handler = (event, context) => {
  while (event.Records.some(({ kinesis }) => kinesis.data === '${record.toString('base64')}'));
  // As much time as it has been built for.
  return handler(event, { ...context, getRemainingTimeInMillis: () => 60_000 });
};`,
  );
  await pipeline.deployment.functions.get('consumer')?.replace(consumer);
}

test('a record at which the consumer hangs until its time is over ends in the redrive bucket, whole, and its neighbours are stored', async () => {
  const tenant = await pipeline.tenant('neighbour');
  const vended = await vend(pipeline.url, tenant);
  const own = [0, 1, 2, 3].map((i) => lines(Date.now() + i, 2));
  const good = own.map((each) => sealed(vended, each));
  const hanging = sealed(vended, lines(Date.now(), 2));
  await hangAt(hanging);
  await put(vended, [...good.slice(0, 2), hanging, ...good.slice(2)], () => 'one key');
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
