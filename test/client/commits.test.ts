import { afterEach, expect, test } from 'vitest';
import type { SealtrailError } from '../../src/domain/error.ts';
import { input, start, world } from '../fixture/audit-client.ts';
import { type SpooledWorld, spooledWorld } from '../fixture/spooled-client.ts';

const minute = 60_000;
const worlds: SpooledWorld[] = [];
afterEach(() => {
  for (const each of worlds.splice(0)) {
    each.kill();
    each.remove();
  }
});

test('a batch that is never stored rejects committed after five minutes, and nothing goes on asking', async () => {
  const { client, clock, token } = world({ lingerMs: 0 });
  const told: unknown[] = [];
  client.on('stalled', ({ waitsFor, forMs, events }) => told.push([waitsFor, forMs, events]));
  const record = client.record(input(0), { until: 'committed' });
  const error = (await clock.while(record.catch((e: unknown) => e))) as SealtrailError;
  expect(error).toMatchObject({ code: 'uncommitted', fate: 'may-arrive' });
  expect(error.message).toMatch(/was accepted, and not seen to be stored 300000 ms later/);
  expect(clock.now() - start).toBeGreaterThanOrEqual(5 * minute);
  expect(clock.now() - start).toBeLessThan(5 * minute + 1000);
  expect(told).toEqual([['committed', 300_000, 1]]);
  expect(clock.holds).toBe(0);
  const asked = token.requests.length;
  await clock.advance(20 * minute);
  expect(token.requests.slice(asked).filter(({ path }) => path === '/v1/commits')).toEqual([]);
  await clock.while(client.close());
});

test('how long is waited for the store can be set', async () => {
  const { client, clock } = world({ lingerMs: 0, committedTimeoutMs: 1000 });
  const record = client.record(input(0), { until: 'committed' });
  await expect(clock.while(record)).rejects.toThrow('1000 ms later');
  expect(client.stats()).toMatchObject({ accepted: 1, committed: 0 });
});

test('kept until it is committed, a batch not seen to be stored is sent again by the same process, under its id', async () => {
  const made = spooledWorld({ lingerMs: 0, spool: { keepUntil: 'committed' } });
  worlds.push(made);
  const { clock, token, stream, open, numbers, disk } = made;
  const client = open();
  await clock.while(client.record(input(0)));
  await clock.while(client.record(input(1)));
  const [stored, lost] = stream.taken.map(({ partitionKey }) => partitionKey);
  token.stored.add(stored ?? '');
  const at = clock.now();
  await clock.advance(9 * minute);
  expect(stream.taken).toHaveLength(2);
  expect(clock.holds).toBe(0);
  await clock.until(() => stream.taken.length === 3);
  expect(clock.now() - at).toBeLessThan(10 * minute + 1000);
  expect(stream.taken[2]?.partitionKey).toBe(lost);
  expect(client.stats()).toMatchObject({ accepted: 2, batches: 2, resent: 1 });
  expect(client.stats().pending).toEqual({ events: 0, bytes: 0 });
  await clock.advance(19 * minute);
  expect(stream.taken).toHaveLength(3); // twice as long the next time
  token.stored.add(lost ?? '');
  await clock.advance(minute);
  await clock.while(client.close().catch(() => {}));
  token.stored.add(stream.taken.at(-1)?.partitionKey ?? '');
  expect(numbers()).toEqual([0, 1]);
  expect(disk.names.length).toBeGreaterThan(0);
});
