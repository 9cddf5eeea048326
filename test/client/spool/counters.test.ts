import { afterEach, expect, test } from 'vitest';
import { input, world as withoutSpool } from '../../fixture/audit-client.ts';
import { type SpooledWorld, spooledWorld } from '../../fixture/spooled-client.ts';

const worlds: SpooledWorld[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) {
    world.kill();
    world.remove();
  }
});

function world(): SpooledWorld {
  const made = spooledWorld({ lingerMs: 0 });
  worlds.push(made);
  return made;
}

const durable = { until: 'durable' } as const;
const note = 'x'.repeat(1000);
const numbered = (n: number) => input(n, { metadata: { n, note } });

test('a client with a spool tells what is in it, another one nothing', async () => {
  expect(withoutSpool().client.stats()).not.toHaveProperty('spool');
  const { clock, disk, token, open, kill } = world();
  token.mode = 'down';
  const first = open();
  for (let n = 0; n < 300; n++) void first.record(numbered(n), durable);
  await clock.advance(0);
  const { spool } = first.stats();
  const segments = disk.names.filter((name) => name.endsWith('.segment')).length;
  const syncs = disk.calls.filter(({ kind }) => kind.startsWith('sync')).length;
  expect(segments).toBeGreaterThan(2);
  expect(spool).toMatchObject({ events: 300, segments, abandoned: 0, damaged: 0, fsyncs: syncs });
  expect(spool?.bytes).toBe(disk.bytes - 256 * 1024);
  kill();
  const second = open();
  expect(second.stats().spool).toMatchObject({ events: 300, segments, fsyncs: 1 });
  token.mode = 'up';
  await clock.while(second.flush());
  await clock.advance(1000);
  expect(second.stats().spool).toMatchObject({ events: 0, segments: 1 });
});

test('what is logged and not delivered is still in the spool', async () => {
  const { clock, stream, open, kill } = world();
  stream.fate = () => ({ kind: 'hangs' });
  const first = open();
  await clock.while(first.record(numbered(0), durable));
  await clock.until(() => stream.requests.length > 0);
  expect(first.stats().spool?.events).toBe(1);
  kill();
  expect(open().stats().spool?.events).toBe(1);
});

test('a segment that is abandoned is counted', async () => {
  const { clock, disk, token, open } = world();
  token.mode = 'down';
  const client = open();
  await clock.while(client.record(numbered(0), durable));
  let failures = 1;
  disk.fate = ({ kind }) =>
    kind === 'sync' && failures-- > 0 ? { kind: 'failed', code: 'EIO' } : { kind: 'done' };
  await clock.while(client.record(numbered(1), durable).catch(() => {}));
  await clock.while(client.record(numbered(2), durable));
  expect(client.stats().spool).toMatchObject({ abandoned: 1, segments: 1, events: 2 });
});

test('a segment that is damaged is counted: in use, put by, and by the next process', async () => {
  const { clock, disk, token, open, kill } = world();
  token.mode = 'down';
  const first = open();
  for (let n = 0; n < 300; n++) void first.record(numbered(n), durable);
  await clock.advance(0);
  kill();
  disk.damage('000000000001.segment', (bytes) => bytes.subarray(0, -10));
  const second = open();
  expect(second.stats().spool).toMatchObject({ damaged: 1, events: 299 });
  token.mode = 'up';
  await clock.while(second.close());
  expect(disk.names).toContain('000000000001.segment.damaged');
  expect(second.stats().spool?.damaged).toBe(1);
  expect(open().stats().spool?.damaged).toBe(1);
});
