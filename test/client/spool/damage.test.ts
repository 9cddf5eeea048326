import { afterEach, expect, test } from 'vitest';
import { decodeFrames } from '../../../src/client/spool/frame.ts';
import { codeOf } from '../../../src/domain/error.ts';
import { input } from '../../fixture/audit-client.ts';
import {
  type SpooledOptions,
  type SpooledWorld,
  spooledWorld,
} from '../../fixture/spooled-client.ts';

const worlds: SpooledWorld[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) {
    world.kill();
    world.remove();
  }
});

const durable = { until: 'durable' } as const;
const first = '000000000001.segment';

/** A process that had so many events durable, and delivered them or not, and was killed. */
async function left(events: number, options: SpooledOptions = {}, isDelivered = false) {
  const world = spooledWorld({ lingerMs: 0, maxBatchEvents: 2, ...options });
  worlds.push(world);
  if (!isDelivered) world.token.mode = 'down';
  const client = world.open();
  for (let n = 0; n < events; n++) await world.clock.while(client.record(input(n), durable));
  if (isDelivered) {
    await world.clock.while(client.flush());
    await world.clock.advance(1000);
  }
  world.kill();
  world.token.mode = 'up';
  return world;
}

/** Flips a bit in the middle of each frame for which `isHit`. */
function flip({ disk }: SpooledWorld, isHit: (kind: string, index: number) => boolean): number {
  let hits = 0;
  disk.damage(first, (bytes) => {
    const changed = Buffer.from(bytes);
    const ends = [0, ...[...decodeFrames(bytes)].map(({ end }) => end)];
    [...decodeFrames(bytes)].forEach(({ frame, end }, index) => {
      if (!isHit(frame.kind, index)) return;
      const at = ((ends[index] ?? 0) + end) >> 1;
      changed[at] = (changed[at] ?? 0) ^ 1;
      hits += 1;
    });
    return changed;
  });
  return hits;
}

/** What is wrong with the chains on the stream: two batches with one number. */
function forks({ taken }: SpooledWorld): string[] {
  const places = taken().map(({ manifest }) => `${manifest.producer} ${manifest.seq}`);
  return places.filter((place, i) => places.indexOf(place) !== i);
}

const numbersOf = (world: SpooledWorld) => [...new Set(world.numbers())].sort((a, b) => a - b);

test('a flipped bit loses that one event, tells it, and keeps the file', async () => {
  const world = await left(20);
  expect(flip(world, (kind, index) => kind === 'entry' && index === 6)).toBe(1);
  const { clock, disk, open } = world;
  const client = open();
  const told: unknown[] = [];
  client.on('damaged', ({ message }) => told.push(message));
  await clock.while(client.record(input(99)));
  expect(client.stats().spool?.damaged).toBe(1);
  expect(client.stats().lastError?.message).toContain(`${first} cannot be read in part`);
  expect(told).toHaveLength(1);
  await clock.while(client.close());
  expect(numbersOf(world)).toEqual([...Array(20).keys()].filter((n) => n !== 5).concat(99));
  expect(disk.names).toContain(`${first}.damaged`);
});

test.each(['entry', 'batch', 'delivered', 'header', 'owner'])(
  'whichever frame of a delivered log is damaged (%s), no number of a chain is used twice',
  async (wanted) => {
    const kinds: string[] = [];
    const model = await left(10, { lingerMs: 20 }, true);
    flip(model, (kind) => kinds.push(kind) === 0);
    for (const [hit, kind] of kinds.entries()) {
      if (kind !== wanted) continue;
      const world = await left(10, { lingerMs: 20 }, true);
      flip(world, (_, index) => index === hit);
      // Otherwise the same batches might be made, which is no fork.
      const client = world.open({ maxBatchEvents: 1, lingerMs: 50 });
      for (let n = 100; n < 104; n++) await world.clock.while(client.record(input(n)));
      await world.clock.while(client.close());
      expect(forks(world)).toEqual([]);
      expect(numbersOf(world)).toEqual([...Array(10).keys(), 100, 101, 102, 103]);
    }
    expect(kinds).toContain(wanted);
  },
  60_000,
);

test('events whose boundary is damaged are sent in another batch', async () => {
  const world = spooledWorld({ lingerMs: 0, maxBatchEvents: 2 });
  worlds.push(world);
  const { clock, stream, open, kill } = world;
  stream.fate = () => ({ kind: 'failed', name: 'InternalFailure' });
  const client = open();
  for (let n = 0; n < 8; n++) await clock.while(client.record(input(n), durable));
  await clock.advance(1000);
  kill();
  let boundaries = 0;
  expect(flip(world, (kind) => kind === 'batch' && boundaries++ === 1)).toBe(1);
  stream.fate = () => ({ kind: 'taken' });
  const second = open();
  await clock.while(second.close());
  expect(world.numbers().sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(forks(world)).toEqual([]);
});

test('a batch of which one event is damaged is a gap, and its other events are sent', async () => {
  const world = spooledWorld({ lingerMs: 0, maxBatchEvents: 3 });
  worlds.push(world);
  const { clock, stream, open, kill, taken } = world;
  stream.fate = () => ({ kind: 'failed', name: 'InternalFailure' });
  const client = open();
  await clock.while(Promise.all([0, 1, 2, 3, 4, 5].map((n) => client.record(input(n), durable))));
  await clock.advance(1000);
  kill();
  let entries = 0;
  flip(world, (kind) => kind === 'entry' && entries++ === 1);
  stream.fate = () => ({ kind: 'taken' });
  const second = open();
  const damaged: number[] = [];
  second.on('damaged', ({ events }) => damaged.push(events));
  const closed = await clock.while(second.close().then(() => 'resolved', codeOf));
  expect(closed).toBe('spool-failed');
  expect(damaged).toContain(1);
  expect(numbersOf(world)).toEqual([0, 2, 3, 4, 5]);
  expect(world.numbers()).toHaveLength(5);
  const [chain] = [...Map.groupBy(taken(), ({ manifest }) => manifest.producer).values()];
  expect(chain?.map(({ manifest }) => manifest.seq).sort()).not.toContain(0);
  kill();
  expect(open().stats().pending.events).toBe(0); // it is let go of
});

test('an end that is torn is no damage, and one that was whole is', async () => {
  for (const [change, damaged] of [
    [(bytes: Buffer) => bytes.subarray(0, -5), 0],
    [(bytes: Buffer) => Buffer.concat([bytes.subarray(0, -5), Buffer.alloc(5)]), 0],
    [
      (bytes: Buffer) =>
        Buffer.concat([bytes.subarray(0, -5), Buffer.from('X'), bytes.subarray(-4)]),
      1,
    ],
  ] as const) {
    const world = await left(4);
    world.disk.damage(first, change);
    const client = world.open();
    expect(client.stats().spool?.damaged).toBe(damaged);
    await world.clock.while(client.close());
    expect(numbersOf(world)).toEqual([0, 1, 2]);
  }
});

test('damage while the process runs is told, the rest is sent, and flush ends with the cause', async () => {
  const world = spooledWorld({ lingerMs: 0, maxBatchEvents: 1, maxBufferEvents: 4 });
  worlds.push(world);
  const { clock, token, disk, open } = world;
  token.mode = 'down';
  const client = open();
  for (let n = 0; n < 60; n++) await clock.while(client.record(input(n), durable));
  const waits = client.record(input(60)).then(() => 'resolved', codeOf);
  flip(world, (kind, index) => kind === 'entry' && index > 20 && index < 25);
  token.mode = 'up';
  const flushed = await clock.while(
    client.flush().then(
      () => 'resolved',
      (error) => error,
    ),
  );
  expect(codeOf(flushed)).toBe('spool-failed');
  expect(String(flushed)).toContain('4 durable events');
  expect(await clock.while(waits)).toBe('resolved');
  expect(client.stats()).toMatchObject({ pending: { events: 0, bytes: 0 }, spool: { damaged: 1 } });
  expect(numbersOf(world)).toHaveLength(57);
  await clock.while(client.close());
  expect(disk.names).toContain(`${first}.damaged`);
});

test('a read that fails while the spool is read back is tried again, and counts stay right', async () => {
  for (const code of ['EMFILE', 'EIO']) {
    const world = spooledWorld({ lingerMs: 0, maxBatchEvents: 1, maxBufferEvents: 4 });
    worlds.push(world);
    const { clock, token, disk, stream, open } = world;
    token.mode = 'down';
    const client = open();
    for (let n = 0; n < 30; n++) await clock.while(client.record(input(n), durable));
    let failures = 3;
    disk.readFault = () => (failures-- > 0 ? code : undefined);
    token.mode = 'up';
    await clock.while(client.flush());
    expect(client.stats()).toMatchObject({ accepted: 30, pending: { events: 0, bytes: 0 } });
    expect(client.stats().lastError?.message).toContain(code);
    expect(stream.taken).toHaveLength(30);
    expect(numbersOf(world)).toHaveLength(30);
    await clock.while(client.close());
    expect(clock.holds).toBe(0);
  }
});

test('a read that fails while an earlier process’s batches are made again is tried again', async () => {
  const world = spooledWorld({ lingerMs: 0, maxBatchEvents: 2 });
  worlds.push(world);
  const { clock, stream, disk, open, kill } = world;
  stream.fate = () => ({ kind: 'failed', name: 'InternalFailure' });
  const client = open();
  for (let n = 0; n < 8; n++) await clock.while(client.record(input(n), durable));
  await clock.advance(1000);
  kill();
  stream.fate = () => ({ kind: 'taken' });
  const second = open();
  let failures = 2;
  disk.readFault = () => (failures-- > 0 ? 'EMFILE' : undefined);
  await clock.while(second.close());
  expect(world.numbers()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(failures).toBeLessThan(0);
});
