import { expect, test } from 'vitest';
import { type ConsumeOptions, consume } from '../../src/consumer/consume.ts';
import { createQuarantine } from '../../src/consumer/quarantine.ts';
import type { RedriveEvent } from '../../src/consumer/redrive.ts';
import { sha256 } from '../../src/domain/encoding.ts';
import { signBatch } from '../../src/domain/seal.ts';
import { createLog } from '../../src/lambda/log.ts';
import type { InsertOutcome, StoredBatch } from '../../src/store/batch-store.ts';
import { batchOf, signer } from '../fixture/batches.ts';
import { event, line } from '../fixture/events.ts';
import { grantFor } from '../fixture/stored.ts';

const recorded = Date.parse('2026-03-01T12:00:00.000Z');
const who = signer();

/** A consumer whose one grant ended in 2026, and all that it stores and puts aside. */
function consumer(insert: (batch: StoredBatch) => InsertOutcome = () => 'stored') {
  const stored: StoredBatch[] = [];
  const objects = new Map<string, string>();
  const put = (bucket: string) => async (key: string, body: string) => {
    objects.set(`${bucket}/${key}`, body);
  };
  const options: ConsumeOptions = {
    writer: {
      noteDays: async (batches) => batches.map(() => 'stored'),
      insert: async (batches) => {
        stored.push(...batches);
        return batches.map(insert);
      },
      appendFeed: async (batches) => batches.map(() => 'stored'),
    },
    grants: async () => new Map([[who.grantId, grantFor(who, { exp: recorded / 1000 + 3600 })]]),
    quarantine: createQuarantine({
      now: () => recorded,
      async put(key, body) {
        if (objects.has(`quarantine/${key}`)) return 'present';
        await put('quarantine')(key, body);
        return 'created';
      },
    }),
    redrive: put('redrive'),
    usage: async () => {},
    log: createLog('test', () => {}),
  };
  const run = (event: RedriveEvent) =>
    consume(event, { id: 'call', signal: AbortSignal.timeout(10_000) }, options);
  return { run, stored, objects };
}

const good = signBatch(batchOf([line(event(recorded))], who), who.grantId, who.key);
const bad = Buffer.from('no record');
const digest = (data: Buffer) => sha256(data).toString('hex');

function eventOf(
  records: readonly { data: Buffer; sequenceNumber: string }[],
  redriven?: readonly number[],
): RedriveEvent {
  return {
    Records: records.map(({ data, sequenceNumber }) => ({
      eventID: `shardId-000000000000:${sequenceNumber}`,
      kinesis: {
        kinesisSchemaVersion: '1.0',
        partitionKey: 'p',
        sequenceNumber,
        data: data.toString('base64'),
        approximateArrivalTimestamp: recorded / 1000 + 1,
      },
      eventSource: 'aws:kinesis',
      eventVersion: '1.0',
      eventName: 'aws:kinesis:record',
      invokeIdentityArn: '',
      awsRegion: 'us-east-1',
      eventSourceARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/s',
    })),
    ...(redriven && { redriven }),
  };
}

test('a redriven record is judged and stored by its original arrival', async () => {
  const { run, stored } = consumer();
  const answer = await run(eventOf([{ data: good, sequenceNumber: '7' }], [1]));
  expect(answer).toEqual({ batchItemFailures: [], putAside: [] });
  expect(stored.map(({ arrival, source }) => [arrival, source])).toEqual([
    [recorded + 1000, 'shardId-000000000000:7'],
  ]);
});

test('one that fails again comes back with its attempts counted, and the answer says so', async () => {
  const { run, objects } = consumer();
  const records = [
    { data: bad, sequenceNumber: '7' },
    { data: good, sequenceNumber: '8' },
  ];
  const answer = await run(eventOf(records, [3, 1]));
  expect(answer.putAside).toEqual([{ itemIdentifier: '7', code: 'record-malformed' }]);
  const [[key, body] = ['', '{}']] = [...objects];
  expect(key).toBe(`quarantine/nobody/2026/03/01/${digest(bad)}-redriven-3.ndjson`);
  expect(JSON.parse(body)).toMatchObject({ attempts: 3, sequenceNumber: '7' });
});

test('each time that it fails again it is kept anew: what it was redriven from is about to be removed', async () => {
  const { run, objects } = consumer();
  const records = [{ data: bad, sequenceNumber: '7' }];
  await run(eventOf(records));
  for (const attempts of [1, 2]) {
    const before = [...objects.keys()];
    expect((await run(eventOf(records, [attempts]))).putAside).toHaveLength(1);
    for (const key of before) objects.delete(key);
    expect([...objects.values()].map((body) => JSON.parse(body).attempts)).toEqual([attempts]);
  }
  // Broken off before it was removed, and started again.
  expect((await run(eventOf(records, [2]))).putAside).toHaveLength(1);
  expect(objects.size).toBe(1);
});

test('what a redrive puts aside for later never replaces what another one did that begins and ends alike', async () => {
  const { run, objects } = consumer(() => 'throttled');
  const records = ['7', '8', '9'].map((sequenceNumber) => ({ data: good, sequenceNumber }));
  const [first, , last] = records;
  await run(eventOf(records, [1, 1, 1]));
  await run(
    eventOf(
      [first, last].flatMap((each) => each ?? []),
      [1, 1],
    ),
  );
  expect([...objects.values()].map((body) => body.trimEnd().split('\n').length)).toEqual([3, 2]);
  // The same once more is the same object.
  await run(eventOf(records, [1, 1, 1]));
  expect(objects.size).toBe(2);
});

test('of what lies behind an undone record nothing is said: it is to be tried again', async () => {
  const { run } = consumer(() => 'failed');
  const records = [
    { data: bad, sequenceNumber: '7' },
    { data: good, sequenceNumber: '8' },
    { data: bad, sequenceNumber: '9' },
  ];
  expect(await run(eventOf(records, [1, 1, 1]))).toEqual({
    batchItemFailures: [{ itemIdentifier: '8' }],
    putAside: [{ itemIdentifier: '7', code: 'record-malformed' }],
  });
});

test('what Lambda polled has no attempts, and is answered as Lambda expects', async () => {
  const { run, objects } = consumer();
  expect(await run(eventOf([{ data: bad, sequenceNumber: '7' }]))).toEqual({
    batchItemFailures: [],
  });
  const [[key, body] = ['', '{}']] = [...objects];
  expect(key).toBe(`quarantine/nobody/2026/03/01/${digest(bad)}.ndjson`);
  expect(JSON.parse(body)).not.toHaveProperty('attempts');
});
