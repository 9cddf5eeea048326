import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/client/clock.ts';
import { lockFolder } from '../../../src/client/spool/lock.ts';
import { type Host, lockName, signOfLife } from '../../../src/client/spool/lock-holder.ts';
import { codeOf } from '../../../src/domain/error.ts';
import { VirtualClock } from '../../fake/virtual-clock.ts';

const modules = {
  lock: new URL('../../../src/client/spool/lock.ts', import.meta.url).href,
  clock: new URL('../../../src/client/clock.ts', import.meta.url).href,
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sealtrail-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Locks the folder, says so, and stays. */
const holder = () => `
  import { lockFolder } from ${JSON.stringify(modules.lock)};
  import { systemClock } from ${JSON.stringify(modules.clock)};
  try {
    lockFolder(${JSON.stringify(folder)}, { clock: systemClock });
    console.log('locked');
    setInterval(() => {}, 1000);
  } catch (error) {
    console.log(error.code);
  }
`;

async function startHolder() {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', holder()], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, said: String(said).trim() };
}

function attempt(): string {
  try {
    lockFolder(folder, { clock: systemClock }).release();
    return 'locked';
  } catch (error) {
    return codeOf(error) ?? String(error);
  }
}

test('a folder is one process’s at a time, until it dies', async () => {
  const { child, said } = await startHolder();
  expect(said).toBe('locked');
  expect(attempt()).toBe('spool-locked');
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
  expect(readdirSync(folder)).toHaveLength(1);
  expect(attempt()).toBe('locked');
  expect(readdirSync(folder)).toEqual([]);
});

test('of processes that come at once at most one gets it', async () => {
  const holders = await Promise.all(Array.from({ length: 4 }, startHolder));
  const got = holders.filter(({ said }) => said === 'locked');
  expect(got.length).toBeLessThanOrEqual(1);
  expect(holders.filter(({ said }) => said === 'spool-locked')).toHaveLength(4 - got.length);
  await Promise.all(
    holders.map(async ({ child }) => {
      if (child.exitCode !== null) return;
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    }),
  );
});

test('two clients and two worker threads of one process keep each other out too', async () => {
  const { release } = lockFolder(folder, { clock: systemClock });
  expect(attempt()).toBe('spool-locked');
  release();
  const source = new URL(`data:text/javascript,${encodeURIComponent(holder())}`);
  const worker = new Worker(source, { stdout: true });
  const [said] = (await once(worker.stdout, 'data')) as [Buffer];
  expect(String(said).trim()).toBe('locked');
  expect(attempt()).toBe('spool-locked');
  await worker.terminate();
  // The thread's descriptors are closed with it.
  if (process.platform === 'linux') expect(attempt()).toBe('locked');
});

test('a process that has the number of a dead one does not keep its lock', () => {
  if (process.platform !== 'linux') return;
  const { release } = lockFolder(folder, { clock: systemClock });
  const [name = ''] = readdirSync(folder);
  release();
  writeFileSync(join(folder, name), ''); // of this process by its name, but not open in it
  expect(attempt()).toBe('locked');
});

/** Another container of this machine, or another machine. */
const host = (over: Partial<Host> = {}): Host => ({
  id: '0'.repeat(16),
  boot: 'one',
  monotonic: () => 1_000_000,
  ...over,
});

/** A lock whose holder does nothing more. `ageMs`: of its file, by the file system's clock. */
function leave(holder: Host, ageMs = 0): void {
  const path = join(folder, lockName(holder));
  writeFileSync(path, signOfLife(holder));
  const at = new Date(Date.now() - ageMs);
  utimesSync(path, at, at);
}

function attemptAs(own: Host): string {
  try {
    lockFolder(folder, { clock: systemClock, host: own }).release();
    return 'locked';
  } catch (error) {
    return codeOf(error) ?? String(error);
  }
}

describe('a holder in another PID namespace', () => {
  const own = (beatAgoMs: number) =>
    host({ id: '1'.repeat(16), monotonic: () => 1_000_000 + beatAgoMs });

  test('is dead after a minute without a sign of life, and not before', () => {
    leave(host());
    expect(attemptAs(own(59_000))).toBe('spool-locked');
    expect(attemptAs(own(60_000))).toBe('locked');
  });

  test('lives, though the clock of the machine was set ahead by an hour, and is dead though it was set back', () => {
    leave(host(), 3_600_000);
    expect(attemptAs(own(5000))).toBe('spool-locked');
    leave(host(), -3_600_000);
    expect(attemptAs(own(61_000))).toBe('locked');
  });

  test('lives though its process id is nobody’s here, or of a process that does not have the lock open', () => {
    leave(host({ monotonic: () => 1_000_000 })); // this process's id, not open in it
    expect(attemptAs(own(0))).toBe('spool-locked');
  });

  test.skipIf(process.platform !== 'linux')(
    'of an earlier start of this machine is dead at once, and not where it may be shown a boot id of its own',
    () => {
      leave(host({ boot: 'zero', monotonic: () => 90_000_000 }));
      expect(attemptAs(own(0))).toBe('locked');
      leave(host({ boot: 'zero', monotonic: () => 999_000 }));
      expect(attemptAs(own(0))).toBe('spool-locked');
    },
  );
});

const canUnshare = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0;
if (!canUnshare) console.log('skipped: a PID namespace of its own needs the right to make one');

test.skipIf(!canUnshare)('two containers with one host name keep each other out', async () => {
  const child = spawn(
    'unshare',
    [
      '--pid',
      '--fork',
      '--mount-proc',
      '--kill-child',
      process.execPath,
      '--input-type=module',
      '--eval',
      holder(),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  try {
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    expect(String(said).trim()).toBe('locked');
    expect(attempt()).toBe('spool-locked');
    expect(readdirSync(folder)).toHaveLength(1);
  } finally {
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
  }
});

test('a holder sees that its lock is gone: when asked, and at its next beat', async () => {
  for (const how of ['asked', 'beat'] as const) {
    const clock = new VirtualClock(Date.now());
    const lost: string[] = [];
    const { assertHeld } = lockFolder(folder, { clock, onLost: ({ code }) => lost.push(code) });
    await clock.advance(20_000);
    expect(assertHeld).not.toThrow();
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    if (how === 'beat') await clock.advance(5000);
    else expect(assertHeld).toThrow('is not this client');
    expect(lost).toEqual(['spool-locked']);
    expect(assertHeld).toThrow('is not this client');
    expect(lost).toHaveLength(1);
  }
});

test('a beat renews the sign of life', async () => {
  const clock = new VirtualClock(Date.now());
  let now = 1_000_000;
  const first = host({ monotonic: () => now });
  const { release } = lockFolder(folder, { clock, host: first });
  now += 100_000;
  await clock.advance(5000);
  expect(attemptAs({ ...first, id: '1'.repeat(16) })).toBe('spool-locked');
  release();
});

test('a lock of another machine holds for two minutes after its last sign of life', () => {
  const name = join(folder, `lock-${'0'.repeat(16)}-1-${'0'.repeat(16)}`);
  writeFileSync(name, '.');
  expect(attempt()).toBe('spool-locked');
  const past = new Date(Date.now() - 130_000);
  utimesSync(name, past, past);
  expect(attempt()).toBe('locked');
});
