import { expect, test } from 'vitest';
import type { Receipt } from '../../src/client/index.ts';
import { Window } from '../../src/client/window.ts';
import { input, world } from '../fixture/audit-client.ts';

test('a window halves once a round, down to one, and grows by one a round, up to the most', () => {
  const window = new Window(8);
  const round = [1, 2, 3].map(() => window.send());
  for (const number of round) window.throttled(number);
  expect(window.size).toBe(4);
  for (let n = 0; n < 5; n++) window.throttled(window.send());
  expect(window.size).toBe(1);
  window.taken();
  expect(window.size).toBe(2);
  for (let n = 0; n < 2; n++) window.taken();
  expect(window.size).toBe(2); // 2.9
  for (let n = 0; n < 100; n++) window.taken();
  expect(window.size).toBe(8);
});

test('a stream that takes little is asked for less at a time, loses nothing, and is asked for more again', async () => {
  let seed = 1;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const { client, clock, stream, lines } = world({ maxBatchEvents: 1, inFlight: 8 }, { random });
  let smallest = 8;
  let isBusy = true;
  stream.fate = ({ number }) => {
    smallest = Math.min(smallest, client.stats().window);
    if (!isBusy) return { kind: 'taken' };
    return number % 2 === 0
      ? { kind: 'failed', name: 'ThrottlingException' }
      : { kind: 'taken', except: (_, index) => index % 3 > 0 };
  };
  const receipts: Promise<Receipt>[] = [];
  for (let n = 0; n < 100; n++) {
    receipts.push(client.record(input(n)));
    await clock.advance(5);
  }
  await clock.while(client.flush());
  expect(smallest).toBe(1);
  isBusy = false;
  for (let n = 100; n < 200; n++) receipts.push(client.record(input(n)));
  for (let n = 0; n < 60; n++) await clock.while(client.record(input(200 + n)));
  expect(client.stats().window).toBe(8);
  expect(lines().map((line) => JSON.parse(line).metadata.n)).toEqual(
    Array.from({ length: 260 }, (_, n) => n),
  );
  const settled = await Promise.all(receipts);
  expect(settled.map(({ seq }) => seq)).toEqual(settled.map((_, n) => n));
  // Each receipt is of the record that the stream took for it.
  const ids = stream.taken.map(({ partitionKey }) => partitionKey.split('.')[0]);
  for (const { batch, sequenceNumber } of settled)
    expect(ids[Number(sequenceNumber) - 1]).toBe(batch);
});

test('a batch whose shard is busy is put by another key, with the same bytes; after other failures by the same', async () => {
  const { client, clock, stream } = world();
  stream.fate = ({ number }) => {
    if (number === 0) return { kind: 'failed', name: 'ServiceUnavailable' };
    return { kind: 'taken', except: () => number < 3 };
  };
  const { batch } = await clock.while(client.record(input(0)));
  const puts = stream.requests.flatMap(({ records }) => records);
  expect(puts.map(({ partitionKey }) => partitionKey)).toEqual([
    ...[batch, batch],
    ...[`${batch}.1`, `${batch}.2`],
  ]);
  expect(new Set(puts.map(({ data }) => String(data))).size).toBe(1);
});
