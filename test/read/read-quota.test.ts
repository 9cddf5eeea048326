import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { expect, test } from 'vitest';
import { httpHandler } from '../../src/lambda/http.ts';
import { createLog } from '../../src/lambda/log.ts';
import type { Reader } from '../../src/read/access.ts';
import { metered } from '../../src/read/metered.ts';
import { readQuota } from '../../src/read/read-quota.ts';

const start = Date.parse('2026-03-01T12:00:00Z');
const limits = { key: 1000, viewer: 100 };
const key: Reader = { tenant: 'acme', keyId: 'k1', client: 'billing' };
const viewer: Reader = { ...key, viewer: 'v1' };

/** Any number of containers over one shared count, at one time. */
function fleet() {
  const clock = { now: start };
  const shared = new Map<string, number>();
  const calls: string[] = [];
  const fault = { isDown: false };
  const logged: string[] = [];
  const container = () =>
    readQuota({
      limits,
      async add(name, units, now) {
        calls.push(name);
        if (fault.isDown) throw new Error('the table is gone');
        const id = `${name}#${Math.floor(now / 60_000)}`;
        shared.set(id, (shared.get(id) ?? 0) + units);
        return shared.get(id) ?? 0;
      },
      now: () => clock.now,
      log: createLog('test', (line) => logged.push(line)),
    });
  return { clock, shared, calls, fault, logged, container };
}

type Container = ReturnType<ReturnType<typeof fleet>['container']>;

/** One request that works for `ms`: whether it was let through. */
async function ask(quota: Container, reader: Reader, ms = 0): Promise<boolean> {
  try {
    await quota.admit(reader);
  } catch (error) {
    expect(error).toMatchObject({ code: 'quota-exceeded' });
    return false;
  }
  await quota.charge(reader, ms);
  return true;
}

async function askTimes(quota: Container, reader: Reader, times: number, ms = 0): Promise<number> {
  let passed = 0;
  for (let i = 0; i < times; i++) if (await ask(quota, reader, ms)) passed += 1;
  return passed;
}

test('a key has its units a minute, and in the next minute again', async () => {
  const { clock, container } = fleet();
  const quota = container();
  const passed = await askTimes(quota, key, 2000);
  // What is told in parts is seen a part late.
  expect(passed).toBeGreaterThanOrEqual(limits.key);
  expect(passed).toBeLessThanOrEqual(limits.key + limits.key / 50);
  clock.now += 59_999;
  expect(await ask(quota, key)).toBe(false);
  clock.now += 1;
  expect(await ask(quota, key)).toBe(true);
});

test('one noisy reader is refused, and no other reader with it', async () => {
  const { container } = fleet();
  const quota = container();
  await askTimes(quota, key, 2000);
  expect(await ask(quota, key)).toBe(false);
  expect(await ask(quota, { ...key, keyId: 'k2' })).toBe(true);
});

test('a viewer token is counted by itself, and all of them by the key that made them', async () => {
  const { container } = fleet();
  const quota = container();
  expect(await askTimes(quota, viewer, 200)).toBeLessThanOrEqual(102);
  expect(await ask(quota, key)).toBe(true);
  let passed = 0;
  for (let i = 2; i < 20; i++) passed += await askTimes(quota, { ...viewer, viewer: `v${i}` }, 100);
  expect(passed).toBeLessThan(limits.key);
  expect(await ask(quota, { ...viewer, viewer: 'v99' })).toBe(false);
  expect(await ask(quota, key)).toBe(false);
});

test('a request weighs what it worked: one and another for each 100 ms', async () => {
  const { container } = fleet();
  expect(await askTimes(container(), key, 100, 7_950)).toBe(Math.ceil(1001 / 80));
});

test('containers tell each other in parts: a reader that asks little costs no write', async () => {
  const { calls, container } = fleet();
  const quota = container();
  await askTimes(quota, key, limits.key / 50 - 1);
  expect(calls).toEqual([]);
  await askTimes(quota, key, 401);
  expect(calls.length).toBe(420 / (limits.key / 50));
});

test('what is not told in a minute is told in a later one: many containers do not add up to more', async () => {
  const { clock, calls, container } = fleet();
  const quota = container();
  for (let minute = 0; minute < 4; minute++) {
    await askTimes(quota, key, 6);
    clock.now += 60_000;
  }
  expect(calls).toHaveLength(1);
});

test('over many containers a reader’s long requests are bounded from its second minute on', async () => {
  const { clock, container } = fleet();
  const containers = Array.from({ length: 100 }, container);
  // In Lambda all of them begin before the first has ended.
  async function minuteOf(reader: Reader): Promise<number> {
    const admitted: Container[] = [];
    for (const quota of containers) {
      const isIn = await quota.admit(reader).then(
        () => true,
        () => false,
      );
      if (isIn) admitted.push(quota);
    }
    for (const quota of admitted) await quota.charge(reader, 7_950);
    clock.now += 60_000;
    return admitted.length;
  }
  expect(await minuteOf(key)).toBe(100);
  for (let minute = 0; minute < 10; minute++)
    expect((await minuteOf(key)) * 80).toBeLessThanOrEqual(2 * limits.key);
});

test('a count that fails refuses nobody, is told, and is not asked again at once', async () => {
  const { clock, shared, calls, fault, logged, container } = fleet();
  const quota = container();
  fault.isDown = true;
  expect(await askTimes(quota, key, 3000)).toBe(3000);
  expect(calls).toHaveLength(1);
  expect(logged.join()).toContain('"ReadsUncounted":1');
  clock.now += 10_000;
  fault.isDown = false;
  // What was not told is not forgotten.
  expect(await ask(quota, key)).toBe(true);
  expect([...shared.values()]).toEqual([3001]);
  expect(await ask(quota, key)).toBe(false);
});

test('what is refused is 429, says when to come again, costs no work, and what fails is counted', async () => {
  const { container } = fleet();
  let worked = 0;
  const operation = metered(
    { authenticateAny: async () => viewer, quota: container(), now: () => start },
    async () => {
      worked += 1;
      throw new Error('failed after its work');
    },
  );
  const log = createLog('test', () => {});
  const handler = httpHandler({ 'GET /v1/events': operation }, log, 'Read');
  const event = {
    routeKey: 'GET /v1/events',
    rawPath: '/v1/events',
    rawQueryString: '',
    headers: {},
    requestContext: { domainName: 'api.example' },
  } as unknown as APIGatewayProxyEventV2;
  const statuses: unknown[] = [];
  for (let i = 0; i < 150; i++) {
    const { statusCode, headers, body } = await handler(event, {} as Context);
    statuses.push(statusCode);
    if (statusCode !== 429) continue;
    expect(headers).toMatchObject({
      'content-type': 'application/problem+json',
      'retry-after': '60',
    });
    expect(JSON.parse(body ?? '')).toMatchObject({ code: 'quota-exceeded', status: 429 });
  }
  expect(worked).toBeLessThanOrEqual(102);
  expect(statuses.filter((status) => status === 429)).toHaveLength(150 - worked);
});
