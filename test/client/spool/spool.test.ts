import { afterEach, expect, test } from 'vitest';
import { reserveBytes } from '../../../src/client/spool/reserve.ts';
import { codeOf } from '../../../src/domain/error.ts';
import type { DiskCall } from '../../fake/memory-disk.ts';
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

function world(options?: SpooledOptions): SpooledWorld {
  const made = spooledWorld(options);
  worlds.push(made);
  return made;
}

const durable = { until: 'durable' } as const;
/** The reserve for a full disk has its own tests. */
const isOfReserve = ({ name }: { readonly name: string }) => name === 'reserve';
const kindsOf = (calls: readonly DiskCall[]) =>
  calls.filter((call) => !isOfReserve(call)).map(({ kind }) => kind);

test('an event is written, then fsynced, then acknowledged', async () => {
  const { disk, clock, open } = world();
  const client = open();
  let acknowledged = false;
  disk.fate = (call) => {
    if (call.kind === 'sync' && !isOfReserve(call)) expect(acknowledged).toBe(false);
    return { kind: 'done' };
  };
  const receipt = await clock.while(
    client.record(input(1), durable).then((value) => {
      acknowledged = true;
      return value;
    }),
  );
  expect(receipt.id).toMatch(/^[0-9a-f-]{36}$/);
  // The header of the segment and its name, then the event.
  expect(kindsOf(disk.calls)).toEqual(['create', 'append', 'sync', 'syncFolder', 'append', 'sync']);
});

test('what waits at the same time shares one fsync', async () => {
  const { disk, clock, open } = world({ lingerMs: 60_000 });
  const client = open();
  await clock.while(client.record(input(0), durable));
  const before = disk.calls.length;
  const events = Array.from({ length: 500 }, (_, n) => client.record(input(n + 1), durable));
  const calls = await clock.while(Promise.all(events).then(() => disk.calls.slice(before)));
  expect(kindsOf(calls)).toEqual(['append', 'sync']);
});

test('a batch is logged and fsynced before it is sent', async () => {
  const { disk, clock, stream, open } = world();
  let syncs = 0;
  let syncsAtSending = 0;
  disk.fate = (call) => {
    if (call.kind === 'sync' && !isOfReserve(call)) syncs += 1;
    return { kind: 'done' };
  };
  stream.fate = () => {
    syncsAtSending = syncs;
    return { kind: 'taken' };
  };
  await clock.while(open().record(input(0)));
  expect(syncsAtSending).toBe(3); // header, event, boundary
});

test('what was durable is sent by the next process, in the same chain', async () => {
  const { clock, token, open, losePower, taken, numbers } = world({ lingerMs: 0 });
  const first = open();
  await clock.while(first.record(input(0)));
  token.mode = 'down';
  await clock.advance(3_700_000);
  await clock.while(first.record(input(1), durable));
  losePower();
  token.mode = 'up';
  const second = open();
  expect(second.stats().pending.events).toBe(1);
  await clock.while(second.record(input(2)));
  await clock.while(second.close());
  expect(numbers()).toEqual([0, 1, 2]);
  const batches = taken();
  expect(new Set(batches.map(({ manifest }) => manifest.producer)).size).toBe(1);
  batches.forEach(({ manifest }, i) => {
    expect(manifest).toMatchObject({ seq: i, prev: batches[i - 1]?.id ?? null });
  });
  expect(batches.at(-1)?.manifest.fin).toBe(true);
});

test('a batch whose answer never came is sent again under its id, signed under the new grant', async () => {
  const { clock, stream, token, open, losePower, taken, numbers } = world({ lingerMs: 0 });
  stream.fate = () => ({ kind: 'lost' });
  void open().record(input(0));
  await clock.until(() => stream.taken.length === 1);
  losePower();
  stream.fate = () => ({ kind: 'taken' });
  const second = open();
  await clock.while(second.flush());
  expect(taken().map(({ times }) => times)).toEqual([2]);
  expect(token.grants).toHaveLength(2);
  expect(stream.taken[0]?.data.equals(stream.taken[1]?.data ?? Buffer.alloc(0))).toBe(false);
  expect(numbers()).toEqual([0]);
});

test('what is accepted is let go of, and its segments are removed', async () => {
  const { clock, disk, open } = world({ lingerMs: 0 });
  const client = open();
  const note = 'x'.repeat(1000);
  for (let n = 0; n < 3000; n++) void client.record(input(n, { metadata: { n, note } }));
  await clock.while(client.flush());
  expect(client.stats().accepted).toBe(3000);
  await clock.while(client.close());
  expect(disk.names.length).toBeLessThanOrEqual(3);
  expect(disk.bytes).toBeLessThan(300_000 + reserveBytes);
});

test('no segment is removed before it is durable that what is in it was delivered', async () => {
  const { clock, disk, token, stream, open } = world({ lingerMs: 0 });
  token.mode = 'down';
  const client = open();
  const note = 'x'.repeat(1000);
  for (let n = 0; n < 300; n++) void client.record(input(n, { metadata: { n, note } }), durable);
  await clock.advance(1000);
  const before = disk.names.filter((name) => name.endsWith('.segment'));
  expect(before.length).toBeGreaterThan(2);
  stream.fate = () => {
    disk.fate = ({ kind }) =>
      kind === 'sync' ? { kind: 'failed', code: 'EIO' } : { kind: 'done' };
    return { kind: 'taken' };
  };
  token.mode = 'up';
  await clock.until(() => client.stats().accepted >= 200);
  await clock.advance(1000);
  expect(disk.names).toEqual(expect.arrayContaining(before));
  disk.fate = () => ({ kind: 'done' });
  stream.fate = () => ({ kind: 'taken' });
  await clock.while(client.flush());
  await clock.advance(20_000);
  expect(disk.names).not.toEqual(expect.arrayContaining(before));
});

test('after a close the next process is a new producer', async () => {
  const { clock, open, taken } = world({ lingerMs: 0 });
  for (let n = 0; n < 2; n++) {
    const client = open();
    await clock.while(client.record(input(n)));
    await clock.while(client.close());
  }
  const chains = taken().map(({ manifest }) => [manifest.producer, manifest.seq, manifest.fin]);
  const [one, two] = [...new Set(chains.map(([producer]) => producer))];
  expect(chains).toEqual([
    [one, 0, false],
    [one, 1, true],
    [two, 0, false],
    [two, 1, true],
  ]);
});

test('kept until it is committed, a batch that the stream lost is sent again', async () => {
  const { clock, token, stream, open, kill } = world({
    lingerMs: 0,
    spool: { keepUntil: 'committed' },
  });
  const first = open();
  await clock.while(first.record(input(0)));
  await clock.while(first.record(input(1)));
  token.stored.add(stream.taken[0]?.partitionKey ?? '');
  await clock.advance(10_000);
  kill();
  const lost = stream.taken.splice(0).map(({ partitionKey }) => partitionKey);
  const second = open();
  await clock.until(() => stream.taken.length > 0);
  expect(stream.taken.map(({ partitionKey }) => partitionKey)).toEqual([lost[1]]);
  expect(second.stats().accepted).toBe(1);
});

test('a full spool lets record wait, or rejects it, and goes on when something is accepted', async () => {
  for (const onFull of ['wait', 'reject'] as const) {
    const { clock, token, open, numbers } = world({ onFull, maxBatchEvents: 50 });
    token.mode = 'down';
    const client = open();
    const note = 'x'.repeat(60_000);
    const codes: (string | undefined)[] = [];
    for (let n = 0; n < 40; n++)
      void client
        .record(input(n, { metadata: { n, note } }), durable)
        .then(() => codes.push('durable'))
        .catch((error: unknown) => codes.push(codeOf(error)));
    await clock.advance(1000);
    expect(codes.filter((code) => code === 'durable')).toHaveLength(17);
    expect(codes.filter((code) => code === 'buffer-full')).toHaveLength(
      onFull === 'reject' ? 23 : 0,
    );
    token.mode = 'up';
    await clock.while(client.flush());
    expect(numbers()).toHaveLength(onFull === 'reject' ? 17 : 40);
    await clock.while(client.record(input(100), durable));
  }
});

test('what has no room in memory is read from the disk again, in order', async () => {
  const { clock, token, open, numbers, losePower } = world({
    maxBufferEvents: 10,
    maxBatchEvents: 5,
    lingerMs: 0,
  });
  token.mode = 'down';
  const first = open();
  for (let from = 0; from < 500; from += 20) {
    const events = Array.from({ length: 20 }, (_, n) => first.record(input(from + n), durable));
    await clock.while(Promise.all(events));
  }
  expect(first.stats().pending.events).toBe(500);
  losePower();
  const second = open();
  expect(second.stats().pending.events).toBe(500);
  const accepted = second.record(input(500));
  token.mode = 'up';
  await clock.while(accepted);
  expect(numbers()).toEqual(Array.from({ length: 501 }, (_, n) => n));
  await clock.while(second.close());
});

test('a failed fsync is told to who waits, and loses nothing that was acknowledged', async () => {
  const { clock, disk, token, open, numbers, losePower } = world({ lingerMs: 0 });
  token.mode = 'down';
  const client = open();
  await clock.while(client.record(input(0), durable));
  let failures = 1;
  disk.fate = ({ kind }) =>
    kind === 'sync' && failures-- > 0 ? { kind: 'failed', code: 'EIO' } : { kind: 'done' };
  const refused = await clock.while(
    client.record(input(1), durable).catch((error: unknown) => error),
  );
  expect(codeOf(refused)).toBe('spool-failed');
  await clock.while(client.record(input(2), durable));
  expect(disk.names).toEqual(['reserve', '000000000002.segment']); // the abandoned one is written anew, and gone
  losePower();
  token.mode = 'up';
  const second = open();
  await clock.while(second.close());
  expect(numbers()).toEqual([0, 2]);
});

test('a full disk is told to who waits, and what comes when it has room is durable', async () => {
  const { clock, disk, token, open, numbers, losePower } = world({ lingerMs: 0 });
  token.mode = 'down';
  const client = open();
  await clock.while(client.record(input(0), durable));
  disk.fate = ({ kind, bytes = 0 }) =>
    kind === 'append' ? { kind: 'torn', code: 'ENOSPC', bytes: bytes >> 1 } : { kind: 'done' };
  for (let n = 1; n < 4; n++) {
    const refused = await clock.while(
      client.record(input(n), durable).catch((error: unknown) => error),
    );
    expect(codeOf(refused)).toBe('spool-failed');
  }
  expect(client.stats().lastError?.message).toContain('ENOSPC');
  disk.fate = () => ({ kind: 'done' });
  await clock.while(client.record(input(4), durable));
  losePower();
  token.mode = 'up';
  await clock.while(open().close());
  expect(numbers()).toEqual([0, 4]);
});

test('a boundary that the disk does not take is tried until it does, and nothing is sent before', async () => {
  const { clock, disk, stream, open } = world({ lingerMs: 0 });
  const client = open();
  await clock.while(client.record(input(0), durable));
  disk.fate = ({ kind }) =>
    kind === 'append' ? { kind: 'failed', code: 'ENOSPC' } : { kind: 'done' };
  await clock.advance(60_000);
  expect(stream.requests).toHaveLength(0);
  expect(client.stats().pending.events).toBe(1);
  disk.fate = () => ({ kind: 'done' });
  await clock.while(client.flush());
  expect(stream.taken).toHaveLength(1);
});

test("another client's key cannot go on with a chain", async () => {
  const { clock, token, open, kill, stream } = world({ lingerMs: 0 });
  await clock.while(open().record(input(0)));
  kill();
  token.client = 'other';
  const second = open();
  void second.record(input(1));
  await clock.advance(60_000);
  expect(second.stats().lastError?.message).toContain(
    "the key is other's of tenant acme, and this client (or its spool) is billing of tenant acme",
  );
  expect(stream.taken).toHaveLength(1);
});

test('durable without a spool is refused, and says why', async () => {
  const { open } = world();
  open();
  const { world: plain } = await import('../../fixture/audit-client.ts');
  const error = await plain()
    .client.record(input(0), durable)
    .catch((reason: unknown) => reason);
  expect((error as Error).message).toContain('durable needs a spool');
});
