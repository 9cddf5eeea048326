import { afterEach, expect, test } from 'vitest';
import type { AuditClient } from '../../../src/client/client.ts';
import { reserveBytes } from '../../../src/client/spool/reserve.ts';
import { codeOf } from '../../../src/domain/error.ts';
import { input } from '../../fixture/audit-client.ts';
import { type SpooledWorld, spooledWorld } from '../../fixture/spooled-client.ts';

const worlds: SpooledWorld[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) {
    world.kill();
    world.remove();
  }
});

const note = 'x'.repeat(1000);
const numbered = (n: number) => input(n, { metadata: { n, note } });

/** Some 200 durable events in one segment, while nothing can be sent. */
async function outage() {
  const world = spooledWorld({ lingerMs: 0, maxBatchEvents: 10, spool: { maxBytes: 8 << 20 } });
  worlds.push(world);
  const { clock, token } = world;
  token.mode = 'down';
  const client = world.open();
  const all = Array.from({ length: 200 }, (_, n) => n);
  await clock.while(Promise.all(all.map((n) => client.record(numbered(n), { until: 'durable' }))));
  const codeAt = (n: number) => outcome(world, client, n);
  return { ...world, client, all, codeAt };
}

async function outcome({ clock }: SpooledWorld, client: AuditClient, n: number) {
  const done = client.record(numbered(n), { until: 'durable' }).then(() => 'durable', codeOf);
  return clock.while(done);
}

test('a disk that is full to the last byte is emptied by delivering what is on it', async () => {
  for (const code of ['ENOSPC', 'EDQUOT']) {
    const { disk, clock, token, client, all, numbers, codeAt } = await outage();
    disk.fullCode = code;
    disk.capacity = disk.bytes;
    expect(await codeAt(1000)).toBe('spool-failed');
    token.mode = 'up';
    await clock.while(client.flush());
    await clock.until(() => disk.names.length === 2);
    expect(disk.names).toContain('reserve');
    expect(disk.bytes).toBeLessThan(reserveBytes + 20_000);
    expect(await codeAt(200)).toBe('durable');
    await clock.while(client.close());
    expect(numbers()).toEqual([...all, 200]);
  }
});

test('one segment that is full and delivered makes room for the next event', async () => {
  const { disk, clock, token, client, codeAt } = await outage();
  token.mode = 'up';
  await clock.while(client.flush());
  await clock.advance(1000);
  expect(disk.names).toHaveLength(2);
  disk.capacity = disk.bytes + 100;
  expect(await codeAt(200)).toBe('spool-failed');
  expect(await codeAt(201)).toBe('durable');
});

test('while the reserve is gone no event is taken, though there is some room', async () => {
  const { disk, clock, stream, token, client, codeAt } = await outage();
  stream.fate = () => ({ kind: 'failed', name: 'InternalFailureException' });
  disk.capacity = disk.bytes;
  token.mode = 'up';
  await clock.until(() => !disk.names.includes('reserve'));
  disk.capacity = disk.bytes + reserveBytes - 1;
  expect(await codeAt(200)).toBe('spool-failed');
  expect(client.stats().lastError?.message).toContain('ENOSPC');
  disk.capacity = disk.bytes + reserveBytes + 10_000;
  expect(await codeAt(201)).toBe('durable');
  expect(disk.names).toContain('reserve');
});

test('a reserve that was left half written is made anew, a whole one is kept', async () => {
  const { disk, kill, open, ...world } = await outage();
  for (const [kept, made] of [
    [reserveBytes, 0],
    [1000, 1],
  ] as const) {
    kill();
    disk.damage('reserve', (bytes) => bytes.subarray(0, kept));
    const before = disk.calls.length;
    const client = open();
    const event = client.record(numbered(300 + made), { until: 'durable' });
    await world.clock.while(event);
    await world.clock.until(() => disk.bytes > reserveBytes);
    const creates = disk.calls.slice(before).filter(({ kind }) => kind === 'create');
    expect(creates.filter(({ name }) => name === 'reserve')).toHaveLength(made);
  }
});
