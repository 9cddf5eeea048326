import { expect, test } from 'vitest';
import { ServerClock, systemClock } from '../../src/client/clock.ts';
import { VirtualClock } from '../fake/virtual-clock.ts';
import { input, start, world } from '../fixture/audit-client.ts';

const minute = 60_000;

/** A client that has the server's time, and whose machine's clock is then set. Returns what becomes of its events. */
async function stepped(ms: number, options = {}) {
  const { client, clock, token, stream, setBack, taken } = world({ lingerMs: 100, ...options });
  await clock.while(client.record(input(0)));
  await clock.advance(1000);
  setBack(-ms);
  const waits: number[] = [];
  const off: number[] = [];
  for (let n = 1; n < 40; n++) {
    const server = serverTime(clock, ms);
    await clock.while(client.record(input(n)));
    waits.push(serverTime(clock, ms) - server);
    const [{ manifest } = { manifest: undefined }] = taken().slice(-1);
    off.push(Math.abs(Date.parse(manifest?.to ?? '') - server));
    await clock.advance(5000);
  }
  const ahead = stream.taken.filter(({ at }, i) => Date.parse(taken()[i]?.manifest.to ?? '') > at);
  return { token, longest: Math.max(...waits), off: Math.max(...off), ahead: ahead.length };
}

const serverTime = (clock: VirtualClock, stepMs: number) => clock.now() - stepMs;

test.each([4, 10, 60, -10, -60])(
  'a machine whose clock is set by %i min goes on as before, and asks for the time again',
  async (minutes) => {
    const { token, longest, off, ahead } = await stepped(minutes * minute);
    expect(longest).toBeLessThan(5000);
    expect(off).toBeLessThan(1000);
    expect(ahead).toBe(0);
    expect(token.grants.length).toBe(2); // one for the step, in a few minutes
  },
);

test('a machine that slept stamps no event with the time at which it fell asleep', async () => {
  const { client, clock, taken, token } = world({ lingerMs: 100 });
  await clock.while(client.record(input(0)));
  token.mode = 'down';
  clock.sleep(8 * 60 * minute);
  void client.record(input(1));
  await clock.advance(minute);
  token.mode = 'up';
  const woke = clock.now() - minute;
  await clock.while(client.flush());
  const [, second] = taken();
  expect(Date.parse(second?.manifest.from ?? '')).toBe(woke);
});

test('slewing, and an uptime that is inexact, are no step', async () => {
  let steps = 0;
  let drift = 0;
  const virtual = new VirtualClock(start);
  const clock = new ServerClock(
    {
      now: () => Math.round(virtual.now() + drift),
      monotonic: () => virtual.monotonic(),
      uptime: () => Math.floor(virtual.uptime() / 10) * 10,
      after: () => () => {},
      hold: () => () => {},
    },
    () => {
      steps += 1;
    },
  );
  expect(clock.synced).toBe(false);
  expect(clock.now()).toBe(start);
  clock.sync(start + 5000, virtual.monotonic() - 20, virtual.monotonic());
  for (let i = 0; i < 100; i++) {
    await virtual.advance(100);
    drift += 19;
    expect(clock.now()).toBe(start + 5010 + (i + 1) * 100);
  }
  expect(steps).toBe(0);
});

test('the machine’s clocks go on together', async () => {
  const [now, monotonic, up] = [systemClock.now(), systemClock.monotonic(), systemClock.uptime()];
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(systemClock.monotonic()).toBeGreaterThan(monotonic);
  expect(systemClock.uptime()).toBeGreaterThanOrEqual(up);
  expect(Number.isInteger(now)).toBe(true);
});
