import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { readEvents } from '../../src/local/demo/read-events.ts';
import { event } from '../fixture/events.ts';
import { until } from '../fixture/pipeline.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const fixture = (name: string) => fileURLToPath(new URL(`../fixture/${name}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sealtrail-start-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const running = new Set<ChildProcess>();

/** A test that failed half-way leaves nothing running either. */
afterEach(async () => {
  for (const child of running) {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
});

/** What `npm start -- <args>` runs, in a process group of its own, as a terminal starts it. */
function start(...args: readonly string[]) {
  const temporary = mkdtempSync(join(folder, 'tmp-'));
  const child = spawn(process.execPath, ['src/local/main.ts', ...args], {
    cwd: root,
    detached: true,
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (data) => (output.stdout += data));
  child.stderr.on('data', (data) => (output.stderr += data));
  const ended = once(child, 'close').then(([code]: (number | null)[]) => ({ code, ...output }));
  return { pid: child.pid ?? 0, output, ended, temporary };
}

/** The last line of the output, which `--json` promises to be the report. */
function reportOf(stdout: string): unknown {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
}

const intact = { lost: 0, altered: 0, duplicates: 0, quarantined: 0 };

describe('npm start -- --once', () => {
  test('ships sample events of several tenants, reads them back, and exits 0', async () => {
    const args = ['--once', '--json', '--events', '300', '--tenants', '2'];
    const { code, stdout, stderr } = await start(...args).ended;
    expect(code, stderr).toBe(0);
    expect(reportOf(stdout)).toMatchObject({ ...intact, events: 300, readBack: 300 });
  });

  test('with a file that has a bad line names file, line and reason, ships the others, and exits 1', async () => {
    const file = join(folder, 'some.ndjson');
    const good = [0, 1].map((n) => JSON.stringify(event(Date.now() + n - 1000)));
    const misspelt = JSON.stringify({ ...event(Date.now()), outcome: 'maybe' });
    writeFileSync(file, `${good[0]}\n${misspelt}\n{"action":\n${good[1]}\n`);
    const { code, stdout, stderr } = await start('--once', '--json', '--file', file).ended;
    expect(code).toBe(1);
    expect(stderr).toContain(`${file}:2: outcome: `);
    expect(stderr).toContain(`${file}:3: not JSON`);
    expect(reportOf(stdout)).toMatchObject({ ...intact, events: 2, readBack: 2 });
  });

  test('imports CloudTrail, in both of its forms, and a record that comes again is not there twice', async () => {
    const files = ['cloudtrail.ndjson', 'cloudtrail.ndjson', 'cloudtrail-records.json'];
    const args = files.flatMap((name) => ['--file', fixture(name)]);
    const started = start('--once', '--json', '--map', 'cloudtrail', ...args);
    const { code, stdout, stderr } = await started.ended;
    expect(code, stderr).toBe(0);
    expect(reportOf(stdout)).toMatchObject({ ...intact, events: 10, readBack: 5 });
  });

  test('with an option that it does not know says so and exits 1', async () => {
    const { code, stderr } = await start('--onec').ended;
    expect(code).toBe(1);
    expect(stderr).toContain('--onec');
  });
});

test('a CloudTrail record says who did what, how it ended, and from where if that is an address', async () => {
  const { events, rejected } = await readEvents(
    [fixture('cloudtrail.ndjson')],
    'cloudtrail',
    Date.now,
  );
  expect(rejected).toEqual([]);
  const told = events.map(({ action, outcome, context }) => [action, outcome, context?.ip]);
  expect(told.sort()).toEqual([
    ['ec2.DescribeAddresses', 'denied', '1.2.3.4'],
    ['ec2.DescribeInstances', 'success', '1.2.3.4'],
    ['s3.GetObject', 'success', '1.2.3.4'],
    ['sts.AssumeRole', 'success', undefined],
  ]);
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

describe.runIf(process.platform === 'linux')('npm start, staying up', () => {
  test('prints what to try, and on Ctrl-C exits and leaves no process, open port or file behind', async () => {
    const port = await freePort();
    const { pid, output, ended, temporary } = start('--events', '20', '--port', String(port));
    await until(() => output.stdout.includes('Ctrl-C stops everything'));
    const command = /^curl -s -H '(Authorization): ([^']+)' '([^']+)'/m.exec(output.stdout);
    const [, name = '', value = '', url = ''] = command ?? [];
    const answer = await fetch(url, { headers: { [name]: value } });
    expect(((await answer.json()) as { events: unknown[] }).events).toHaveLength(3);

    const children = childrenOf(pid);
    expect(children.length).toBeGreaterThan(1);
    process.kill(-pid, 'SIGINT');
    expect((await ended).code).toBe(0);
    await until(() => !children.some(isAlive));
    expect(readdirSync(temporary)).toEqual([]);
    await expect(fetch(url)).rejects.toThrow();
  });

  test('interrupted in the middle of its work, leaves no process and no file behind', async () => {
    const { pid, output, ended, temporary } = start(
      '--events',
      '2000000',
      '--port',
      String(await freePort()),
    );
    await until(() => output.stderr.includes('Shipping') && childrenOf(pid).length > 1);
    const children = childrenOf(pid);
    process.kill(-pid, 'SIGINT');
    expect((await ended).code).toBe(130);
    await until(() => !children.some(isAlive));
    expect(readdirSync(temporary)).toEqual([]);
  });
});
