import { afterEach, expect, test } from 'vitest';
import { inContext } from '../../src/client/index.ts';
import { MemoryAudit } from '../../src/client/testing.ts';
import { codeOf, type SealtrailError } from '../../src/domain/error.ts';
import { input, start, world } from '../fixture/audit-client.ts';
import { type SpooledWorld, spooledWorld } from '../fixture/spooled-client.ts';

const worlds: SpooledWorld[] = [];
afterEach(() => {
  for (const each of worlds.splice(0)) {
    each.kill();
    each.remove();
  }
});

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: SealtrailError) => error,
  );

test('an event that is not accepted in time is withdrawn while it is not sealed, and never sent', async () => {
  const { client, clock, token, lines } = world({ maxBatchEvents: 2 });
  token.mode = 'down';
  void client.record(input(0));
  const late = failure(client.record(input(1), { failClosed: true }));
  void client.record(input(2));
  const error = await clock.while(late);
  expect(clock.now() - start).toBe(5000);
  expect(error).toMatchObject({ code: 'unavailable', fate: 'withdrawn' });
  expect(error?.message).toContain('not accepted after 5000 ms; it is withdrawn');
  token.mode = 'up';
  await clock.while(client.flush());
  expect(lines().map((line) => JSON.parse(line).metadata.n)).toEqual([0, 2]);
  expect(client.stats()).toMatchObject({ recorded: 3, accepted: 2, rejected: 1 });
  expect(client.stats().pending).toEqual({ events: 0, bytes: 0 });
});

test('when the only event is withdrawn, nothing keeps the process and flush resolves', async () => {
  const { client, clock, token } = world();
  token.mode = 'down';
  const late = failure(client.record(input(0), { failClosed: true, timeoutMs: 10 }));
  const flush = client.flush();
  expect((await clock.while(late))?.fate).toBe('withdrawn');
  await clock.while(flush);
  expect(clock.holds).toBe(0);
});

test('an event that is under way is not withdrawn, and its error says that it may arrive', async () => {
  const { client, clock, stream, lines } = world({ lingerMs: 0 });
  stream.fate = () => ({ kind: 'lost' });
  const error = await clock.while(
    failure(client.record(input(0), { failClosed: true, timeoutMs: 300 })),
  );
  expect(error).toMatchObject({ code: 'unavailable', fate: 'may-arrive' });
  stream.fate = () => ({ kind: 'taken' });
  await clock.while(client.flush());
  expect(lines()).toHaveLength(1);
});

test('it never waits for room, even where others do', async () => {
  const { client, clock, token } = world({ maxBufferEvents: 1 });
  token.mode = 'down';
  const first = client.record(input(0));
  const second = client.record(input(1));
  const error = await failure(client.record(input(2), { failClosed: true }));
  expect(codeOf(error)).toBe('buffer-full');
  expect(clock.now()).toBe(start);
  token.mode = 'up';
  await clock.while(Promise.all([first, second]));
  await clock.while(client.record(input(3), { failClosed: true }));
});

test('what reaches its level in time resolves, and leaves no timer', async () => {
  const { client, clock } = world();
  const receipt = await clock.while(client.record(input(0), { failClosed: true, timeoutMs: 5000 }));
  expect(receipt.sequenceNumber).toBe('1');
  await clock.advance(10_000);
  expect(client.stats()).toMatchObject({ accepted: 1, rejected: 0 });
});

test('in a spool it is not withdrawn: it is durable, and will arrive', async () => {
  const made = spooledWorld({ lingerMs: 0 });
  worlds.push(made);
  const { clock, token, open, numbers } = made;
  token.mode = 'down';
  const client = open();
  await clock.while(client.record(input(0), { until: 'durable', failClosed: true }));
  const error = await clock.while(failure(client.record(input(1), { failClosed: true })));
  expect(error).toMatchObject({ code: 'unavailable', fate: 'may-arrive' });
  token.mode = 'up';
  await clock.while(client.flush());
  expect(numbers()).toEqual([0, 1]);
});

test('its options are checked, by the client and by its stand-in, and pass through the context', async () => {
  const { client, clock } = world();
  const memory = new MemoryAudit();
  for (const audit of [inContext(client), inContext(memory)]) {
    for (const options of [{ timeoutMs: 5 }, { failClosed: true, timeoutMs: 0 }]) {
      const error = await failure(audit.record(input(0), options));
      expect(codeOf(error)).toBe('request-invalid');
      expect(error?.message).toContain('timeoutMs');
    }
    const wrong = await failure(audit.record(input(0), { failClosed: 'yes' as never }));
    expect(codeOf(wrong)).toBe('request-invalid');
  }
  await clock.while(
    inContext(client).record('a.b', { actor: { type: 'u', id: 'i' } }, { failClosed: true }),
  );
});
