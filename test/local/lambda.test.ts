import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test, vi } from 'vitest';
import {
  createFunction,
  type FunctionOptions,
  type LambdaFunction,
} from '../../src/local/lambda/function.ts';
import { assetOf } from '../fixture/asset.ts';

const made: { functions: LambdaFunction[]; folders: string[] } = { functions: [], folders: [] };

afterEach(async () => {
  await Promise.all(made.functions.splice(0).map((each) => each.close()));
  for (const folder of made.folders.splice(0)) await rm(folder, { recursive: true });
});

async function asset(body: string): Promise<string> {
  const folder = await assetOf(body);
  made.folders.push(folder);
  return folder;
}

/** A function with this as the body of its handler. */
async function functionOf(
  body: string,
  options: Partial<FunctionOptions> = {},
): Promise<LambdaFunction> {
  return functionAt(
    await asset(`exports.handler = async (event, context) => { ${body} };`),
    options,
  );
}

function functionAt(assetDir: string, options: Partial<FunctionOptions> = {}): LambdaFunction {
  const made_ = createFunction({
    name: 'consumer',
    arn: 'arn:aws:lambda:eu-west-1:123456789012:function:consumer',
    assetDir,
    handler: 'index.handler',
    env: {},
    credentials: () => ({ accessKeyId: 'AK', secretAccessKey: 'SK', sessionToken: 'ST' }),
    endpoint: () => 'http://127.0.0.1:4566',
    region: 'eu-west-1',
    timeoutSeconds: 20,
    memoryMb: 512,
    ...options,
  });
  made.functions.push(made_);
  return made_;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The payload of an invocation that went well. */
async function answer(fn: LambdaFunction, event: unknown = {}): Promise<unknown> {
  const result = await fn.invoke(event);
  if (result.kind !== 'ok') throw new Error(JSON.stringify(result));
  return result.payload;
}

test('the handler gets the event and its answer comes back', async () => {
  const fn = await functionOf('return { seen: event, also: undefined };');
  expect(await fn.invoke({ a: [1, 'ü', null] })).toEqual({
    kind: 'ok',
    payload: { seen: { a: [1, 'ü', null] } },
  });
});

test('an answer of nothing is null', async () => {
  expect(await answer(await functionOf(''))).toBeNull();
});

test('the context tells the request, the function and the time that remains', async () => {
  const fn = await functionOf(
    'return { ...context, remaining: context.getRemainingTimeInMillis() };',
    { timeoutSeconds: 7 },
  );
  const first = (await answer(fn)) as Record<string, unknown>;
  const second = (await answer(fn)) as Record<string, unknown>;
  expect(first).toMatchObject({
    functionName: 'consumer',
    invokedFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:consumer',
    memoryLimitInMB: '512',
  });
  expect(first['awsRequestId']).toMatch(/^[0-9a-f-]{36}$/);
  expect(first['awsRequestId']).not.toBe(second['awsRequestId']);
  expect(first['remaining']).toBeGreaterThan(0);
  expect(first['remaining']).toBeLessThanOrEqual(7000);
});

test('an instance is used again, and keeps what its module remembers', async () => {
  const fn = functionAt(
    await asset('let n = 0; exports.handler = async () => [process.pid, ++n];'),
  );
  const [pid, once] = (await answer(fn)) as number[];
  expect(once).toBe(1);
  expect(await answer(fn)).toEqual([pid, 2]);
  expect(fn.instances).toBe(1);
});

test('invocations at once run in processes of their own, up to the limit, and the rest wait', async () => {
  const fn = await functionOf(
    'await new Promise((done) => setTimeout(done, 100)); return process.pid;',
    { maxConcurrency: 2 },
  );
  const pids = await Promise.all([1, 2, 3, 4, 5].map(() => answer(fn)));
  expect(new Set(pids).size).toBe(2);
  expect(fn.instances).toBe(2);
});

test('the environment is what is given and what Lambda sets, and nothing of ours', async () => {
  vi.stubEnv('SECRET_OF_THE_MACHINE', 'hunter2');
  vi.stubEnv('AWS_PROFILE', 'production');
  const fn = await functionOf('return { env: process.env, cwd: process.cwd() };', {
    env: { STAGE: 'dev', AWS_REGION: 'not-this', NODE_OPTIONS: '--stack-trace-limit=50' },
  });
  const { env, cwd } = (await answer(fn)) as { env: Record<string, string>; cwd: string };
  vi.unstubAllEnvs();
  const { AWS_LAMBDA_RUNTIME_API, LAMBDA_TASK_ROOT, PATH, ...rest } = env;
  expect(AWS_LAMBDA_RUNTIME_API).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(LAMBDA_TASK_ROOT).toBe(cwd);
  expect(PATH).not.toContain('node_modules');
  expect(rest).toEqual({
    _HANDLER: 'index.handler',
    AWS_ACCESS_KEY_ID: 'AK',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
    AWS_LAMBDA_FUNCTION_NAME: 'consumer',
    AWS_REGION: 'eu-west-1',
    AWS_SECRET_ACCESS_KEY: 'SK',
    AWS_SESSION_TOKEN: 'ST',
    NODE_OPTIONS: '--stack-trace-limit=50',
    STAGE: 'dev',
    TZ: ':UTC',
  });
});

test('what the code throws is an error of its name, and the instance lives on', async () => {
  const fn = await functionOf(
    "if (event.bad) throw new RangeError('too far'); if (event.odd) throw 'odd'; return process.pid;",
  );
  const pid = await answer(fn);
  expect(await fn.invoke({ bad: true })).toEqual({
    kind: 'error',
    type: 'RangeError',
    message: 'too far',
  });
  expect(await fn.invoke({ odd: true })).toEqual({
    kind: 'error',
    type: 'string',
    message: 'odd',
  });
  expect(await answer(fn)).toBe(pid);
});

test('a rejection that nobody handles is an error, and ends the instance', async () => {
  const fn = await functionOf(
    "if (event.pid) return process.pid; Promise.reject(new Error('lost')); await new Promise((done) => setTimeout(done, 60_000));",
  );
  const pid = await answer(fn, { pid: true });
  expect(await fn.invoke({})).toEqual({
    kind: 'error',
    type: 'Runtime.UnhandledPromiseRejection',
    message: 'lost',
  });
  expect(await answer(fn, { pid: true })).not.toBe(pid);
});

test('a promise that can never settle is an error at once, not a time-out', async () => {
  const fn = await functionOf('await new Promise(() => {});');
  expect(await fn.invoke({})).toMatchObject({ kind: 'error', type: 'Runtime.NodeJsExit' });
});

test('code that does not load, or has no such export, is an error of the invocation', async () => {
  const missing = functionAt(await asset("require('./absent'); exports.handler = async () => 1;"));
  expect(await missing.invoke({})).toMatchObject({ type: 'Runtime.ImportModuleError' });

  const other = functionAt(await asset('exports.other = async () => 1;'));
  expect(await other.invoke({})).toMatchObject({ type: 'Runtime.HandlerNotFound' });

  const broken = functionAt(await asset("throw new TypeError('no configuration');"));
  expect(await broken.invoke({})).toEqual({
    kind: 'error',
    type: 'TypeError',
    message: 'no configuration',
  });
});

test('an asset that is not there is told, and may be replaced', async () => {
  const fn = functionAt('/nowhere/at/all');
  expect(await fn.invoke({})).toMatchObject({ kind: 'crash' });
  await fn.replace(await asset('exports.handler = async () => 2;'));
  expect(await answer(fn)).toBe(2);
});

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
