import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test, vi } from 'vitest';
import { answer, asset, functionOf, isAlive } from '../fixture/lambda-functions.ts';

test('at its time-out the process is killed, even in a busy loop', async () => {
  const fn = await functionOf('if (event.pid) return process.pid; for (;;);', {
    timeoutSeconds: 1,
  });
  const pid = (await answer(fn, { pid: true })) as number;
  expect(await fn.invoke({})).toEqual({ kind: 'timeout' });
  expect(isAlive(pid)).toBe(false);
  expect(await answer(fn, { pid: true })).not.toBe(pid);
});

test('an exit and a signal are crashes, what was written last is logged, and the next call works', async () => {
  const lines: string[] = [];
  const fn = await functionOf(
    "if (event.exit) { process.stderr.write('fatal: disk'); process.exit(3); } if (event.kill) process.kill(process.pid, 'SIGSEGV'); return 1;",
    { log: (line) => lines.push(line) },
  );
  expect(await fn.invoke({ exit: true })).toEqual({ kind: 'crash', reason: 'exit status 3' });
  expect(lines).toEqual(['fatal: disk']);
  expect(await fn.invoke({ kill: true })).toEqual({ kind: 'crash', reason: 'signal: SIGSEGV' });
  expect(await answer(fn)).toBe(1);
});

test('memory over the limit is a crash, buffers included', async () => {
  const fn = await functionOf(
    'const kept = []; for (;;) { kept.push(Buffer.alloc(4e6, 1)); await new Promise((done) => setTimeout(done, 5)); }',
    { memoryMb: 128 },
  );
  expect(await fn.invoke({})).toEqual({
    kind: 'crash',
    reason: expect.stringMatching(/^memory: \d+ MB used of 128 MB$/),
  });
});

test('kill ends an invocation that is running, and the next one gets a new process', async () => {
  const lines: string[] = [];
  const fn = await functionOf(
    "if (event.pid) return process.pid; console.log('begun'); await new Promise((done) => setTimeout(done, 60_000));",
    { log: (line) => lines.push(line) },
  );
  const pid = await answer(fn, { pid: true });
  const running = fn.invoke({});
  await vi.waitUntil(() => lines.includes('begun'), 10_000);
  fn.kill();
  expect(await running).toEqual({ kind: 'crash', reason: 'signal: SIGKILL' });
  expect(await answer(fn, { pid: true })).not.toBe(pid);
});

test('a replaced function finishes what runs on the old code, and runs the rest on the new', async () => {
  const lines: string[] = [];
  const fn = await functionOf(
    "console.log('begun'); await new Promise((done) => setTimeout(done, 300)); return 'old';",
    { log: (line) => lines.push(line) },
  );
  const running = answer(fn);
  await vi.waitUntil(() => lines.includes('begun'), 10_000);
  await fn.replace(await asset("exports.handler = async () => 'new';"));
  expect(await Promise.all([answer(fn), running])).toEqual(['new', 'old']);
  expect(await answer(fn)).toBe('new');
});

test('a paused function refuses without running any code', async () => {
  const fn = await functionOf('return process.pid;');
  const pid = await answer(fn);
  fn.pause();
  expect(await fn.invoke({})).toMatchObject({
    kind: 'error',
    type: 'ResourceConflictException',
    refused: 'throttled',
  });
  fn.resume();
  expect(await answer(fn)).toBe(pid);
});

test('an instance is not used for an invocation that could outlast its credentials', async () => {
  let life = 3600_000;
  let issued = 0;
  const fn = await functionOf('return process.env.AWS_ACCESS_KEY_ID;', {
    timeoutSeconds: 5,
    credentials: () => ({
      accessKeyId: `AK${++issued}`,
      secretAccessKey: 'SK',
      sessionToken: 'ST',
      expiration: new Date(Date.now() + life),
    }),
  });
  expect([await answer(fn), await answer(fn)]).toEqual(['AK1', 'AK1']);
  life = 4000;
  await fn.replace(await asset('exports.handler = async () => process.env.AWS_ACCESS_KEY_ID;'));
  expect([await answer(fn), await answer(fn)]).toEqual(['AK2', 'AK3']);
  await vi.waitUntil(() => fn.instances <= 1);
});

test('payloads of 6 MB pass both ways, larger ones are refused', async () => {
  const fn = await functionOf(
    "return event.ask ? 'x'.repeat(event.ask) : { length: event.text.length };",
  );
  const limit = 6 * 1024 * 1024;
  const overhead = JSON.stringify({ text: '' }).length;
  expect(await answer(fn, { text: 'x'.repeat(limit - overhead) })).toEqual({
    length: limit - overhead,
  });
  expect(await fn.invoke({ text: 'x'.repeat(limit - overhead + 1) })).toMatchObject({
    type: 'RequestEntityTooLargeException',
    refused: 'too-large',
  });
  expect(await answer(fn, { ask: limit })).toHaveLength(limit);
  expect(await fn.invoke({ ask: limit + 99 })).toMatchObject({
    kind: 'error',
    type: 'Function.ResponseSizeTooLarge',
  });
  expect(await answer(fn, { text: 'still here' })).toEqual({ length: 10 });
});

test('a caller that goes away stops waiting, and the invocation goes on', async () => {
  const lines: string[] = [];
  const fn = await functionOf(
    "console.log('begun'); await new Promise((done) => setTimeout(done, 200)); console.log('done');",
    { log: (line) => lines.push(line), maxConcurrency: 1 },
  );
  const caller = new AbortController();
  const running = fn.invoke({}, { signal: caller.signal });
  const queued = fn.invoke({}, { signal: caller.signal });
  await vi.waitUntil(() => lines.includes('begun'), 10_000);
  caller.abort(new Error('hung up'));
  await expect(running).rejects.toThrow('hung up');
  await expect(queued).rejects.toThrow('hung up');
  await fn.invoke({});
  expect(lines).toEqual(['begun', 'done', 'begun', 'done']);
});

test('no process outlives close, whatever it was doing', async () => {
  const pids: number[] = [];
  const fn = await functionOf(
    'console.log(process.pid); if (event.busy) for (;;); await new Promise((done) => setTimeout(done, 60_000));',
    { log: (line) => pids.push(Number(line)) },
  );
  const running = [fn.invoke({ busy: true }), fn.invoke({})];
  await vi.waitUntil(() => pids.length === 2, 10_000);
  await fn.close();
  expect(pids.map(isAlive)).toEqual([false, false]);
  expect(fn.instances).toBe(0);
  const closed = { kind: 'error', type: 'ResourceNotFoundException' };
  expect(await Promise.all(running)).toMatchObject([closed, closed]);
  expect(await fn.invoke({})).toMatchObject(closed);
});

test('instances die with the process that started them, even when that is killed', async () => {
  const folder = await asset(
    'exports.handler = async () => { console.log(process.pid); await new Promise((done) => setTimeout(done, 60_000)); };',
  );
  const module = join(import.meta.dirname, '../../src/local/lambda/function.ts');
  const host = spawn(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `import { createFunction } from ${JSON.stringify(module)};
       const fn = createFunction({
         name: 'f', arn: 'arn', assetDir: ${JSON.stringify(folder)}, handler: 'index.handler', env: {},
         credentials: () => ({ accessKeyId: 'AK', secretAccessKey: 'SK', sessionToken: 'ST' }),
         endpoint: () => '', region: 'eu-west-1', timeoutSeconds: 60, memoryMb: 512,
         log: (line) => console.log(line),
       });
       fn.invoke({});`,
    ],
    // Its temporary folder outlives it too, and goes with this one.
    { stdio: ['ignore', 'pipe', 'inherit'], env: { TMPDIR: await asset('') } },
  );
  const [line] = await once(createInterface({ input: host.stdout }), 'line');
  const pid = Number(line);
  expect(isAlive(pid)).toBe(true);
  host.kill('SIGKILL');
  await vi.waitUntil(() => !isAlive(pid), 10_000);
});
