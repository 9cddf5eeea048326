import { afterEach, expect, test } from 'vitest';
import { encodeFrame, type Frame } from '../../../src/client/spool/frame.ts';
import { segmentPath } from '../../../src/client/spool/recover.ts';
import { uuidSource } from '../../../src/domain/uuid.ts';
import { input, start } from '../../fixture/audit-client.ts';
import { type SpooledWorld, spooledWorld } from '../../fixture/spooled-client.ts';

const worlds: SpooledWorld[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) {
    world.kill();
    world.remove();
  }
});

const durable = { until: 'durable' } as const;
const megabyte = 1024 * 1024;

/** A spool of so many segments of 3 MB, with events in no batch. */
async function large(segments: number): Promise<SpooledWorld & { events: number }> {
  const world = spooledWorld({
    lingerMs: 0,
    maxBatchEvents: 50,
    spool: { maxBytes: 64 * megabyte },
  });
  worlds.push(world);
  const files = world.disk.mount();
  const mint = uuidSource();
  const x = 'x'.repeat(60_000);
  let number = 0;
  for (let s = 1; s <= segments; s++) {
    const frames: Frame[] = [
      { kind: 'header', header: { v: 1, nextEntry: number, nextUnbatched: 0, cuts: [] } },
    ];
    for (let i = 0; i < 50; i++, number++) {
      const [id, time] = [mint(start), new Date(start).toISOString()];
      const event = { id, time, ...input(number, { metadata: { n: number, x } }) };
      const line = Buffer.from(JSON.stringify({ ...event, targets: [], outcome: 'success' }));
      frames.push({ kind: 'entry', number, line });
    }
    const file = await files.create(segmentPath(world.dir, s));
    await file.append(Buffer.concat(frames.map(encodeFrame)));
    await file.sync();
  }
  return { ...world, events: number };
}

test('a large spool is read in slices, and is usable at once', async () => {
  const world = await large(6);
  const { clock, open, numbers, events, disk } = world;
  let reads = 0;
  disk.readFault = () => {
    reads += 1;
    return undefined;
  };
  const client = open();
  expect(client.stats().spool?.isOpening).toBe(true);
  expect(reads).toBeLessThan(20);
  const acknowledged = client.record(input(events), durable);
  const accepted = client.record(input(events + 1));
  expect(client.stats().pending.events).toBe(2);
  let turns = 0;
  while (client.stats().spool?.isOpening === true) {
    const before = reads;
    await new Promise((resolve) => setImmediate(resolve));
    expect(reads - before).toBeLessThanOrEqual(4);
    turns += 1;
  }
  expect(turns).toBeGreaterThan(8);
  await clock.while(acknowledged);
  await clock.while(accepted);
  expect(numbers()).toEqual([...Array(events + 2).keys()]);
  await clock.while(client.close());
});

test('flush waits for a spool that is still being read, and close gives it back', async () => {
  const { clock, open, numbers, events } = await large(4);
  const client = open();
  await clock.while(client.flush());
  expect(numbers()).toHaveLength(events);
  await clock.while(client.close());
  const second = open();
  await clock.while(second.close());
});

test('a read that fails meanwhile is tried again', async () => {
  const { clock, open, numbers, events, disk } = await large(4);
  const client = open();
  expect(client.stats().spool?.isOpening).toBe(true);
  let failures = 3;
  disk.readFault = () => (failures-- > 0 ? 'EIO' : undefined);
  await clock.while(client.flush());
  expect(numbers()).toHaveLength(events);
  expect(client.stats().lastError?.message).toContain('EIO');
  await clock.while(client.close());
});

test('a key that is not the owner’s is refused though the spool was still being read when it was given', async () => {
  const { clock, token, open, stream, kill } = await large(4);
  const first = open();
  await clock.until(() => stream.taken.length > 0);
  kill();
  const { length } = stream.taken;
  token.tenant = 'beta';
  void open().record(input(0));
  await clock.advance(60_000);
  expect(stream.taken).toHaveLength(length);
  void first;
});

test('an earlier process’s batches are composed as the sender takes them', async () => {
  const world = spooledWorld({ lingerMs: 0, maxBatchEvents: 1, maxBufferEvents: 8 });
  worlds.push(world);
  const { clock, stream, open, kill, numbers, taken } = world;
  stream.fate = () => ({ kind: 'failed', name: 'InternalFailure' });
  const first = open();
  for (let n = 0; n < 6; n++) await clock.while(first.record(input(n), durable));
  await clock.advance(1000);
  kill();
  const ids = new Set<string>();
  stream.fate = () => ({ kind: 'hangs' });
  const second = open();
  expect(second.stats().pending.events).toBe(6);
  stream.fate = () => ({ kind: 'taken' });
  void second.record(input(6));
  await clock.while(second.close());
  for (const { id } of taken()) ids.add(id);
  expect(numbers()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  const [chain, ...others] = [
    ...Map.groupBy(taken(), ({ manifest }) => manifest.producer).values(),
  ];
  expect(others).toEqual([]);
  chain
    ?.sort((a, b) => a.manifest.seq - b.manifest.seq)
    .forEach(({ manifest }, i) => {
      expect(manifest).toMatchObject({ seq: i });
    });
});
