import { afterEach, expect, test } from 'vitest';
import { toTime } from '../../src/domain/encoding.ts';
import { codeOf } from '../../src/domain/error.ts';
import { limits } from '../../src/domain/limits.ts';
import { input, start, world } from '../fixture/audit-client.ts';
import { type SpooledWorld, spooledWorld } from '../fixture/spooled-client.ts';

const day = 86_400_000;
const worlds: SpooledWorld[] = [];
afterEach(() => {
  for (const each of worlds.splice(0)) {
    each.kill();
    each.remove();
  }
});

function spooled(): SpooledWorld {
  const made = spooledWorld({ lingerMs: 0 });
  worlds.push(made);
  return made;
}

const at = (time: number) => ({ time: toTime(time) });
const failure = (promise: Promise<unknown>) => promise.catch((error: Error) => error);

test('before the server’s time is known, an event a day ahead of this machine is rejected at once', async () => {
  const { client, token } = world();
  const error = await failure(client.record(input(0, at(start + day + 1))));
  expect(codeOf(error)).toBe('event-invalid');
  expect((error as Error).message).toMatch(/time: 86400001 ms ahead of the machine's clock/);
  expect(client.stats().recorded).toBe(0);
  expect(token.requests).toHaveLength(0);
});

test('once the first session tells time and retention, what would not be stored is rejected, and nothing else', async () => {
  const { client, clock, lines } = world({ maxBatchEvents: 3 });
  const ahead = failure(client.record(input(0, at(start + limits.aheadMs + 60_000))));
  const kept = client.record(input(1));
  const old = failure(client.record(input(2, at(start - 366 * day))));
  void client.record(input(3, at(start - 364 * day)));
  void client.record(input(4, at(start + 1000)));
  await clock.while(client.flush());
  expect(codeOf(await ahead)).toBe('event-invalid');
  expect(((await ahead) as Error).message).toMatch(/ms ahead of the server's clock/);
  expect(((await old) as Error).message).toMatch(/older than the retention/);
  await kept;
  expect(lines().map((line) => JSON.parse(line).metadata.n)).toEqual([1, 3, 4]);
  expect(client.stats()).toMatchObject({ recorded: 5, accepted: 3, rejected: 2, quarantined: 0 });
  expect(client.stats().pending).toEqual({ events: 0, bytes: 0 });
});

test('what this machine stamped by a wrong clock is corrected, not rejected', async () => {
  const { client, clock, lines } = world({}, { skewMs: -3 * day });
  await clock.while(client.record(input(0)));
  expect(JSON.parse(lines()[0] ?? '').time).toBe(toTime(start - 3 * day));
});

test('when all that was recorded is rejected, flush resolves and the process may end', async () => {
  const { client, clock } = world({ maxBufferEvents: 3 });
  for (let n = 0; n < 5; n++) void client.record(input(n, at(start - 400 * day)));
  await clock.while(client.flush());
  expect(client.stats()).toMatchObject({ accepted: 0, rejected: 5 });
  expect(clock.holds).toBe(0);
});

test('of a spool, what the store will not take is sent in a batch of its own and counted, and holds up nothing', async () => {
  const { clock, disk, token, open, taken } = spooled();
  token.mode = 'down';
  const client = open();
  const durable = { until: 'durable' } as const;
  const old = toTime(start - 400 * day);
  for (const [n, time] of [toTime(start), old, toTime(start + 23 * 3_600_000)].entries())
    await clock.while(client.record(input(n, { time }), durable));
  const refused = failure(client.record(input(3, { time: old })));
  await clock.while(client.record(input(4), durable));
  token.mode = 'up';
  await clock.until(() => client.stats().accepted === 4);
  expect(codeOf(await refused)).toBe('event-invalid');
  expect(((await refused) as Error).message).toContain('The service puts it aside, in batch');
  expect(client.stats()).toMatchObject({ accepted: 4, quarantined: 2, pending: { events: 1 } });
  const batches = () => taken().map(({ lines }) => lines.map(({ bytes }) => String(bytes)));
  for (const batch of batches())
    expect(new Set(batch.map((line) => line.includes(old))).size).toBe(1);
  await clock.while(client.close().catch(() => {}));
  expect(disk.names.length).toBeGreaterThan(0);
});

test('of a spool whose machine was years ahead, the events are put aside and not waited for', async () => {
  const { clock, open, token } = spooled();
  token.mode = 'down';
  const first = open();
  clock.set(start + 400 * day);
  await clock.while(first.record(input(0), { until: 'durable' }));
  clock.set(start);
  token.mode = 'up';
  await clock.while(first.flush());
  expect(first.stats()).toMatchObject({ accepted: 1, quarantined: 1 });
  expect(clock.now() - start).toBeLessThan(3_600_000);
});

test('the edge of the retention runs through no batch', async () => {
  const { clock, open, taken } = spooled();
  const client = open();
  const edge = start - 365 * day;
  const old = failure(client.record(input(0, at(edge - 5000))));
  const kept = client.record(input(1, at(edge + 30_000)));
  await clock.while(Promise.all([old, kept]));
  expect(codeOf(await old)).toBe('event-invalid');
  expect(taken().map(({ lines }) => lines.length)).toEqual([1, 1]);
});
