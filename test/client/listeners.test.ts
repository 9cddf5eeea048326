import { afterEach, expect, test } from 'vitest';
import { type AuditEvents, inContext } from '../../src/client/index.ts';
import { MemoryAudit } from '../../src/client/testing.ts';
import { toTime } from '../../src/domain/encoding.ts';
import { input, start, world } from '../fixture/audit-client.ts';
import { type SpooledWorld, spooledWorld } from '../fixture/spooled-client.ts';

const worlds: SpooledWorld[] = [];
afterEach(() => {
  for (const each of worlds.splice(0)) {
    each.kill();
    each.remove();
  }
});

test('accepted tells each batch once, with its place in the chain', async () => {
  const { client, clock, taken } = world({ maxBatchEvents: 2 });
  const told: AuditEvents['accepted'][] = [];
  const off = inContext(client).on('accepted', (event) => told.push(event));
  for (let n = 0; n < 3; n++) void client.record(input(n));
  await clock.while(client.flush());
  expect(told.map(({ batch, seq, events }) => [batch, seq, events])).toEqual(
    taken().map(({ id, manifest }) => [id, manifest.seq, manifest.count]),
  );
  expect(told.map(({ events }) => events)).toEqual([2, 1]);
  off();
  await clock.while(client.record(input(3)));
  expect(told).toHaveLength(2);
});

test('retry tells how many batches, and why', async () => {
  const { client, clock, stream } = world({ maxBatchEvents: 1 });
  const told: AuditEvents['retry'][] = [];
  client.on('retry', (event) => told.push(event));
  stream.fate = ({ number }) =>
    number === 0
      ? { kind: 'failed', name: 'ServiceUnavailable' }
      : { kind: 'taken', except: (_, index) => number === 1 && index > 0 };
  for (let n = 0; n < 3; n++) void client.record(input(n));
  await clock.while(client.flush());
  expect(told.map(({ batches, code }) => [batches, code])).toEqual([
    [3, 'ServiceUnavailable'],
    [2, 'ProvisionedThroughputExceededException'],
  ]);
});

test('stalled is told after 30 s in which nothing was accepted, again while it lasts, and not of an idle client', async () => {
  const { client, clock, stream } = world();
  const told: AuditEvents['stalled'][] = [];
  client.on('stalled', (event) => told.push(event));
  await clock.while(client.record(input(0)));
  await clock.advance(3_000_000);
  expect(told).toEqual([]);
  stream.fate = () => ({ kind: 'failed', name: 'ServiceUnavailable' });
  void client.record(input(1));
  const since = clock.now();
  await clock.advance(29_999);
  expect(told).toEqual([]);
  await clock.advance(31_000);
  expect(told.map(({ forMs, waitsFor, events }) => [forMs, waitsFor, events])).toEqual([
    [30_000, 'accepted', 1],
    [60_000, 'accepted', 1],
  ]);
  expect(told[0]?.at).toBe(toTime(since + 30_000));
  expect(told[0]?.lastError?.code).toBe('ServiceUnavailable');
  stream.fate = () => ({ kind: 'taken' });
  await clock.while(client.flush());
  const count = told.length;
  await clock.advance(200_000);
  expect(told).toHaveLength(count);
});

test('quarantined tells what the service puts aside', async () => {
  const made = spooledWorld({ lingerMs: 0 });
  worlds.push(made);
  const { clock, open, stream } = made;
  const client = open();
  const told: AuditEvents['quarantined'][] = [];
  client.on('quarantined', (event) => told.push(event));
  const time = toTime(start - 400 * 86_400_000);
  await clock.while(client.record(input(0, { time })).catch(() => {}));
  expect(told).toMatchObject([
    { batch: stream.taken[0]?.partitionKey, events: 1, code: 'event-invalid' },
  ]);
  expect(told[0]?.message).toContain('older than the retention');
});

test('a listener that throws or rejects harms neither the client nor other listeners', async () => {
  const { client, clock } = world();
  let calls = 0;
  client.on('accepted', () => {
    throw new Error('theirs');
  });
  client.on('accepted', () => Promise.reject(new Error('theirs')));
  client.on('accepted', () => {
    calls += 1;
  });
  await clock.while(client.record(input(0)));
  await clock.while(client.close());
  expect(calls).toBe(2); // the event, and the end of the chain
});

test('the stand-in of tests tells accepted', async () => {
  const memory = new MemoryAudit();
  const told: number[] = [];
  memory.on('accepted', ({ events }) => told.push(events));
  await memory.record(input(0));
  expect(told).toEqual([1]);
});
