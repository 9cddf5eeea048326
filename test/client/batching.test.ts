import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { toTime } from '../../src/domain/encoding.ts';
import { limits } from '../../src/domain/limits.ts';
import { input, start, world } from '../fixture/audit-client.ts';

const sizes = (batches: { manifest: { count: number } }[]) =>
  batches.map(({ manifest }) => manifest.count);

test('a batch is cut when it has the most events that it may have', async () => {
  const { client, clock, taken } = world({ maxBatchEvents: 4, lingerMs: 1000 });
  for (let n = 0; n < 10; n++) void client.record(input(n));
  await clock.settle();
  expect(sizes(taken())).toEqual([4, 4]);
  await clock.advance(1000);
  expect(sizes(taken())).toEqual([4, 4, 2]);
});

test('a batch is cut when an event lingered long enough, not before', async () => {
  const { client, clock, stream } = world({ lingerMs: 200 });
  void client.record(input(1));
  await clock.advance(150);
  void client.record(input(2));
  await clock.advance(49);
  expect(stream.requests).toHaveLength(0);
  await clock.advance(1);
  expect(stream.taken).toHaveLength(1);
});

test('a batch is cut before it would have too many bytes', async () => {
  const { client, clock, taken } = world({ maxBatchBytes: 100_000, lingerMs: 10 });
  const note = 'x'.repeat(40_000);
  for (let n = 0; n < 5; n++) void client.record(input(n, { metadata: { n, note } }));
  await clock.advance(10);
  expect(sizes(taken())).toEqual([2, 2, 1]);
  for (const { manifest } of taken()) expect(manifest.size).toBeLessThanOrEqual(100_000);
});

test('events over a minute apart never share a batch, and order is kept', async () => {
  const { client, clock, taken, lines } = world();
  const offsets = [0, -limits.spanMs, 1, -600_000, -600_000 + limits.spanMs, -600_001, 0];
  for (const [n, offset] of offsets.entries())
    void client.record(input(n, { time: toTime(start + offset) }));
  await clock.while(client.flush());
  expect(sizes(taken())).toEqual([2, 1, 2, 1, 1]);
  expect(lines().map((line) => JSON.parse(line).metadata.n)).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

test('a batch that does not pack into a record is halved before it is numbered', async () => {
  const { client, clock, taken, lines, stream } = world({ maxBatchEvents: 10 });
  const receipts = Array.from({ length: 10 }, (_, n) =>
    client.record(input(n, { metadata: { n, noise: randomBytes(45_000).toString('base64') } })),
  );
  await clock.while(client.flush());
  for (const { data } of stream.taken) expect(data.length).toBeLessThanOrEqual(limits.record);
  expect(taken().map(({ manifest }) => [manifest.seq, manifest.count])).toEqual([
    [0, 4],
    [1, 4],
    [2, 2],
  ]);
  expect(lines().map((line) => JSON.parse(line).metadata.n)).toEqual([...receipts.keys()]);
  const seqs = (await Promise.all(receipts)).map(({ seq }) => seq);
  expect(seqs).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2]);
});

test('batches are numbered without a gap, and each names the one before it', async () => {
  const { client, clock, taken } = world({ maxBatchEvents: 2 });
  const receipts = Array.from({ length: 9 }, (_, n) => client.record(input(n)));
  await clock.while(client.flush());
  const batches = taken();
  batches.forEach(({ manifest }, i) => {
    expect(manifest.seq).toBe(i);
    expect(manifest.prev).toBe(i === 0 ? null : batches[i - 1]?.id);
    expect(manifest.producer).toBe(batches[0]?.manifest.producer);
    expect(manifest.client).toBe('billing');
  });
  const receipt = await receipts[5];
  expect(receipt).toMatchObject({
    batch: batches[2]?.id,
    seq: 2,
    producer: batches[0]?.manifest.producer,
    acceptedAt: toTime(start),
  });
  expect(receipt?.sequenceNumber).toBe('3');
});

test('the bytes on the stream are those of the event when it was recorded', async () => {
  const { client, clock, lines } = world();
  const metadata: Record<string, unknown> = {
    text: 'ü\u2028😀"\\',
    number: 1e21,
    nested: [{}, []],
  };
  const receipt = client.record(input(0, { metadata, outcome: 'denied', reason: 'no' }));
  metadata['text'] = 'changed afterwards';
  await clock.while(client.flush());
  const { id } = await receipt;
  expect(lines()).toEqual([
    `{"id":"${id}","time":"${toTime(start)}","action":"invoice.refunded",` +
      '"actor":{"type":"user","id":"u_17"},' +
      '"metadata":{"text":"ü\u2028😀\\"\\\\","number":1e+21,"nested":[{},[]]},' +
      '"outcome":"denied","reason":"no","targets":[]}',
  ]);
});
