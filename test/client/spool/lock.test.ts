import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../src/client/clock.ts';
import { lockFolder } from '../../../src/client/spool/lock.ts';
import { codeOf } from '../../../src/domain/error.ts';

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
    lockFolder(${JSON.stringify(folder)}, systemClock);
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
    lockFolder(folder, systemClock)();
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
  const release = lockFolder(folder, systemClock);
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
  const release = lockFolder(folder, systemClock);
  const [name = ''] = readdirSync(folder);
  release();
  writeFileSync(join(folder, name), ''); // of this process by its name, but not open in it
  expect(attempt()).toBe('locked');
});

test('a lock of another host holds for two minutes after its last sign of life', () => {
  const name = join(folder, `lock-${'0'.repeat(16)}-1-${'0'.repeat(16)}`);
  writeFileSync(name, '.');
  expect(attempt()).toBe('spool-locked');
  const past = new Date(Date.now() - 130_000);
  utimesSync(name, past, past);
  expect(attempt()).toBe('locked');
});
