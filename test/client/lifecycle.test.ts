import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { codeOf } from '../../src/domain/error.ts';
import { input, start, world } from '../fixture/audit-client.ts';

const minute = 60_000;

/** Whether a promise is settled by now, and how. */
function watch(promise: Promise<unknown>): { state: string } {
  const seen = { state: 'pending' };
  promise.then(
    () => {
      seen.state = 'resolved';
    },
    (error: unknown) => {
      seen.state = codeOf(error) ?? 'rejected';
    },
  );
  return seen;
}

test('flush does not linger, and waits for all that was recorded before it', async () => {
  const { client, clock, stream } = world({ maxBatchEvents: 2, lingerMs: 10_000 });
  stream.fate = ({ number }) => ({ kind: number < 2 ? 'hangs' : 'taken' });
  for (let n = 0; n < 5; n++) {
    void client.record(input(n));
    await clock.settle();
  }
  const flush = watch(client.flush());
  await clock.advance(14_000);
  expect(client.stats().accepted).toBe(1);
  expect(flush.state).toBe('pending');
  await clock.until(() => flush.state === 'resolved');
  expect(client.stats().accepted).toBe(5);
  await clock.while(client.flush());
});

test('flush does not wait for what is recorded after it', async () => {
  const { client, clock } = world({ lingerMs: 60_000 });
  void client.record(input(0));
  const flush = watch(client.flush());
  void client.record(input(1));
  await clock.settle();
  expect(flush.state).toBe('resolved');
  expect(client.stats()).toMatchObject({ accepted: 1, pending: { events: 1 } });
});

test('a full buffer lets record wait for room, and nothing is lost or out of order', async () => {
  const { client, clock, token, lines } = world({ maxBufferEvents: 10, lingerMs: 60_000 });
  token.mode = 'down';
  const records = Array.from({ length: 20 }, (_, n) => watch(client.record(input(n))));
  await clock.advance(10 * minute);
  expect(records.every(({ state }) => state === 'pending')).toBe(true);
  expect(client.stats().pending.events).toBe(20);
  token.mode = 'up';
  const flush = client.flush();
  await clock.until(() => token.grants.length === 1);
  const before = clock.now();
  await clock.while(flush);
  expect(clock.now() - before).toBeLessThan(1000);
  expect(records.every(({ state }) => state === 'resolved')).toBe(true);
  expect(lines().map((line) => JSON.parse(line).metadata.n)).toEqual([...records.keys()]);
  expect(client.stats().pending).toEqual({ events: 0, bytes: 0 });
});

test('a buffer that is full of bytes waits too, but one event always has room', async () => {
  const { client, clock, lines } = world({ maxBufferBytes: 130_000, lingerMs: 60_000 });
  const note = 'x'.repeat(60_000);
  for (let n = 0; n < 4; n++) void client.record(input(n, { metadata: { n, note } }));
  await clock.while(client.flush());
  expect(lines()).toHaveLength(4);
});

test('as many wait for room as the buffer holds, by number and by bytes, and then record rejects', async () => {
  const note = 'x'.repeat(60_000);
  for (const [options, metadata] of [
    [{ maxBufferEvents: 10 }, {}],
    [{ maxBufferBytes: 620_000 }, { note }],
  ] as const) {
    const { client, clock, token, lines } = world({ ...options, lingerMs: 60_000 });
    token.mode = 'down';
    const records = Array.from({ length: 1000 }, (_, n) =>
      watch(client.record(input(n, { metadata: { n, ...metadata } }))),
    );
    await clock.advance(minute);
    const states = records.map(({ state }) => state);
    expect(states.filter((state) => state === 'pending')).toHaveLength(20);
    expect(states.filter((state) => state === 'buffer-full')).toHaveLength(980);
    expect(client.stats()).toMatchObject({ recorded: 20, refused: 980, pending: { events: 20 } });
    token.mode = 'up';
    await clock.while(client.flush());
    expect(lines()).toHaveLength(20);
    await clock.while(client.record(input(1000)));
  }
});

test('a full buffer rejects at once when it is told to, and takes events again later', async () => {
  const { client, clock } = world({ maxBufferEvents: 3, onFull: 'reject' });
  const records = Array.from({ length: 5 }, (_, n) => watch(client.record(input(n))));
  await clock.settle();
  expect(records.map(({ state }) => state)).toEqual([
    'pending',
    'pending',
    'pending',
    'buffer-full',
    'buffer-full',
  ]);
  await clock.while(client.flush());
  await clock.while(client.record(input(5)));
  expect(client.stats()).toMatchObject({ recorded: 4, accepted: 4 });
});

test('close flushes, ends the chain with an empty fin batch, and takes nothing more', async () => {
  const { client, clock, taken } = world({ lingerMs: 10_000, maxBatchEvents: 2 });
  for (let n = 0; n < 3; n++) void client.record(input(n));
  const closing = client.close();
  expect(client.close()).toBe(closing);
  const late = watch(client.record(input(3)));
  await clock.while(closing);
  expect(late.state).toBe('closed');
  const batches = taken();
  expect(batches.map(({ manifest }) => [manifest.count, manifest.fin])).toEqual([
    [2, false],
    [1, false],
    [0, true],
  ]);
  expect(batches[2]?.manifest).toMatchObject({ seq: 2, prev: batches[1]?.id });
  expect(clock.holds).toBe(0);
  await client.close();
  await client.flush();
});

test('close of a client that never sent anything asks nothing of anyone', async () => {
  const { client, token, stream } = world();
  await client[Symbol.asyncDispose]();
  expect(token.requests).toHaveLength(0);
  expect(stream.requests).toHaveLength(0);
});

test('close gives up at its deadline and says so to all who wait', async () => {
  const { client, clock, stream } = world({ closeTimeoutMs: 5000, maxBatchEvents: 2 });
  stream.fate = () => ({ kind: 'hangs' });
  const records = [0, 1, 2].map((n) => watch(client.record(input(n))));
  const flush = watch(client.flush());
  const closing = client.close();
  await expect(clock.while(closing)).rejects.toThrow('3 events not accepted');
  expect(clock.now() - start).toBe(5000);
  expect(records.map(({ state }) => state)).toEqual(['closed', 'closed', 'closed']);
  expect(flush.state).toBe('unavailable');
  expect(clock.holds).toBe(0);
  const requests = stream.requests.length;
  await clock.advance(60 * minute);
  expect(stream.requests).toHaveLength(requests);
});

test('committed waits until the store has the batch, and asks only while somebody waits', async () => {
  const { client, clock, token, stream } = world({ maxBatchEvents: 2, lingerMs: 0 });
  await clock.while(client.record(input(0)));
  await clock.advance(5000);
  const asked = () => token.requests.filter(({ path }) => path === '/v1/commits');
  expect(asked()).toHaveLength(0);
  const committed = client.record(input(1), { until: 'committed' });
  const accepted = watch(client.record(input(2)));
  const state = watch(committed);
  await clock.advance(20_000);
  expect(accepted.state).toBe('resolved');
  expect(state.state).toBe('pending');
  expect(asked().length).toBeGreaterThan(10);
  expect(asked().length).toBeLessThan(30);
  expect(clock.holds).toBe(1);
  token.mode = 'down';
  await clock.advance(5000);
  token.mode = 'up';
  token.stored.add(stream.taken[1]?.partitionKey ?? '');
  const receipt = await clock.while(committed);
  expect(receipt.committedAt).toBe(new Date(clock.now()).toISOString());
  expect(receipt).toMatchObject({ batch: stream.taken[1]?.partitionKey, sequenceNumber: '2' });
  expect(client.stats().committed).toBe(1);
  const before = asked().length;
  await clock.advance(60_000);
  expect(asked()).toHaveLength(before);
});

test('close waits for those who wait for the store, and tells them when it gives up', async () => {
  const { client, clock } = world({ closeTimeoutMs: 3000 });
  const committed = watch(client.record(input(0), { until: 'committed' }));
  await expect(clock.while(client.close())).rejects.toThrow('1 not seen to be stored');
  expect(committed.state).toBe('closed');
  expect(client.stats()).toMatchObject({ accepted: 1, committed: 0 });
});

test('more than a hundred batches are asked for in parts', async () => {
  const { client, clock, token, stream } = world({ maxBatchEvents: 1 });
  const records = Array.from({ length: 250 }, (_, n) =>
    client.record(input(n), { until: 'committed' }),
  );
  await clock.until(() => stream.taken.length === 250);
  for (const { partitionKey } of stream.taken) token.stored.add(partitionKey);
  await clock.while(Promise.all(records));
  expect(client.stats().committed).toBe(250);
});

test('the process is kept alive while events are under way, and only then', async () => {
  const { client, clock, token } = world();
  expect(clock.holds).toBe(0);
  token.mode = 'down';
  void client.record(input(0));
  expect(clock.holds).toBe(1);
  token.mode = 'up';
  await clock.while(client.flush());
  expect(clock.holds).toBe(0);
});

/** Runs a script as a process of its own, with the public entry point as `sdk`. */
async function run(script: string): Promise<{ code: number; out: string; ms: number }> {
  const sdk = new URL('../../src/client/index.ts', import.meta.url);
  const source = `import * as sdk from ${JSON.stringify(sdk.href)};\n${script}`;
  const begun = Date.now();
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  child.stdout.on('data', (data) => {
    out += data;
  });
  child.stderr.on('data', (data) => {
    out += data;
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, out, ms: Date.now() - begun };
}

/** Nothing listens on port 9 of this machine. */
const unreachable = `const client = sdk.createAuditClient({
  url: 'http://127.0.0.1:9', apiKey: 'k', closeTimeoutMs: 300, maxBufferEvents: 1, onFull: 'reject' });`;

test('a rejection that nobody awaits does not end the process', async () => {
  const { code, out } = await run(`${unreachable}
    client.record({});
    client.record(undefined);
    client.record({ action: 'a.b', actor: { type: 'user', id: 'u' } });
    client.record({ action: 'a.b', actor: { type: 'user', id: 'u' } });
    client.flush();
    client.close();
    client.record({});
    process.on('exit', () => console.log(JSON.stringify(client.stats())));`);
  expect(out).toContain('"recorded":1');
  expect(out).toContain('"code":"unavailable"');
  expect(out).not.toContain('Error:');
  expect(code).toBe(0);
});

test('a client that was never used lets the process end', async () => {
  const { code, out } = await run(`${unreachable} console.log(client.stats().recorded);`);
  expect(out.trim()).toBe('0');
  expect(code).toBe(0);
});

test('the process is kept alive until the end of the chain is accepted, also if nothing else waits', async () => {
  const { client, clock, stream, taken } = world({ lingerMs: 0 });
  await clock.while(client.record(input(0)));
  expect(clock.holds).toBe(0);
  stream.fate = ({ number }) =>
    number < 3 ? { kind: 'failed', name: 'InternalFailure' } : { kind: 'taken' };
  const closing = client.close();
  await clock.until(() => stream.requests.length === 2);
  expect(clock.holds).toBe(1);
  await clock.while(closing);
  expect(taken().map(({ manifest }) => manifest.fin)).toEqual([false, true]);
  expect(clock.holds).toBe(0);
});
