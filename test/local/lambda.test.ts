import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { createHttpApi } from '../../src/local/http-api.ts';
import { answer, asset, functionAt, functionOf } from '../fixture/lambda-functions.ts';

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

const waitForFile = `
  exports.handler = async () => {
    while (!require('node:fs').existsSync(process.env.RELEASE))
      await new Promise((done) => setTimeout(done, 10));
    return 1;
  };`;

test('over its reserved concurrency a function is refused, and another goes on', async () => {
  const [held, release] = [await asset(waitForFile), join(await asset(''), 'release')];
  const read = functionAt(held, { reservedConcurrency: 2, env: { RELEASE: release } });
  const token = await functionOf('return 1;');
  const api = createHttpApi();
  api.route('GET /v1/events', read);
  api.route('POST /v1/credentials', token);
  const server = createServer(api.handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const first = [1, 2].map(() => fetch(`${url}/v1/events`));
    const refused = { kind: 'error', type: 'TooManyRequestsException', refused: 'throttled' };
    await vi.waitUntil(() => read.instances === 2, { timeout: 20_000 });
    expect(await read.invoke({})).toMatchObject(refused);
    expect((await fetch(`${url}/v1/events`)).status).toBe(503);
    expect((await fetch(`${url}/v1/credentials`, { method: 'POST' })).status).toBe(200);
    writeFileSync(release, '');
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await fetch(`${url}/v1/events`)).status).toBe(200);
  } finally {
    server.close();
  }
});

test('with none reserved a function is switched off; what gives up waiting makes room', async () => {
  const off = await functionOf('return 1;', { reservedConcurrency: 0 });
  expect(await off.invoke({})).toMatchObject({ refused: 'throttled' });
  const one = await functionOf('await new Promise(() => {});', {
    reservedConcurrency: 2,
    maxConcurrency: 1,
  });
  one.invoke({});
  const given = new AbortController();
  const waits = one.invoke({}, { signal: given.signal });
  expect(await one.invoke({})).toMatchObject({ refused: 'throttled' });
  given.abort(new Error('no more'));
  await expect(waits).rejects.toThrow('no more');
  const next = one.invoke({}).then(({ kind }) => kind);
  expect(await Promise.race([next, setImmediate('waits')])).toBe('waits');
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
