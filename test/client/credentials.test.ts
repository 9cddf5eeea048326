import { expect, test } from 'vitest';
import { toTime } from '../../src/domain/encoding.ts';
import { input, start, world } from '../fixture/audit-client.ts';

const minute = 60_000;
const statuses = (requests: { status: number }[]) => requests.map(({ status }) => status);

test('nothing is asked of anyone before the first event', async () => {
  const { clock, token, stream } = world();
  await clock.advance(60 * minute);
  expect(token.requests).toHaveLength(0);
  expect(stream.requests).toHaveLength(0);
});

for (const skewMs of [10 * minute, -10 * minute]) {
  const where = skewMs > 0 ? 'behind' : 'ahead';

  test(`a clock ten minutes ${where} is corrected at once, for events recorded before it was known too`, async () => {
    const { client, clock, token, stream, lines } = world({}, { skewMs });
    const early = client.record(input(0));
    await clock.while(early);
    expect(statuses(token.requests)).toEqual([401, 200]);
    expect(clock.now() - start).toBeLessThan(1000);
    const late = await clock.while(client.record(input(1)));
    expect(stream.requests[0]?.config.systemClockOffset).toBe(skewMs);
    const [first, second] = lines().map((line) => JSON.parse(line));
    expect(first.time).toBe(toTime(start + skewMs));
    expect(first.id).toBe((await early).id);
    expect(Date.parse(second.time) - Date.parse(first.time)).toBeLessThan(1000);
    expect(Date.parse(late.acceptedAt) - skewMs).toBe(clock.now());
  });
}

test('times and ids that the caller gave are never corrected', async () => {
  const { client, clock, lines } = world({ lingerMs: 60_000 }, { skewMs: 10 * minute });
  const time = toTime(start - 5 * minute);
  void client.record(input(0, { time }));
  void client.record(input(1));
  await clock.while(client.flush());
  const times = lines().map((line) => JSON.parse(line).time);
  expect(times).toEqual([time, toTime(start + 10 * minute)]);
  expect(clock.now() - start).toBeLessThan(1000); // the flush still does not linger
});

test('a grant is refreshed at about half of its life, with a fresh key each time', async () => {
  const { client, clock, token } = world();
  await clock.while(client.record(input(0)));
  await clock.advance(29 * minute);
  expect(token.grants).toHaveLength(2);
  const gap = (token.grants[1]?.issuedAt ?? 0) - (token.grants[0]?.issuedAt ?? 0);
  expect(gap).toBeGreaterThan(23 * minute);
  expect(gap).toBeLessThanOrEqual(30 * minute);
  expect(token.grants[0]?.key.equals(token.grants[1]?.key as never)).toBe(false);
});

test('a token service that is down is not noticed while the grant lasts', async () => {
  for (const mode of ['down', 'hang', 'error', 'key-revoked'] as const) {
    const { client, clock, token, stream } = world({ lingerMs: 0 });
    await clock.while(client.record(input(0)));
    token.mode = mode;
    for (let n = 1; n <= 58; n++) {
      await clock.advance(minute);
      void client.record(input(n));
      await clock.settle();
      await clock.advance(0);
      expect(stream.taken).toHaveLength(n + 1);
    }
    token.mode = 'up';
    await clock.until(() => token.grants.length === 2);
    await clock.while(client.record(input(59)));
  }
});

test('with a wrong key events wait, the failure is told, and the service is asked rarely', async () => {
  const { client, clock, token, lines } = world();
  token.mode = 'key-revoked';
  const receipt = client.record(input(0));
  await clock.advance(60 * minute);
  expect(token.requests.length).toBeLessThan(180);
  expect(client.stats()).toMatchObject({
    pending: { events: 1 },
    lastError: { code: 'unauthenticated' },
  });
  expect(client.stats().lastError?.message).toContain('401');
  expect(JSON.stringify(client.stats())).not.toContain('secret');
  token.mode = 'up';
  await clock.while(receipt);
  expect(lines()).toHaveLength(1);
});

test('a grant for another client than the first is refused, since the chain is of one client', async () => {
  const { client, clock, token, taken } = world({ lingerMs: 0 });
  await clock.while(client.record(input(0)));
  token.client = 'intruder';
  await clock.advance(31 * minute);
  expect(client.stats().lastError).toMatchObject({ code: 'grant-invalid' });
  await expect(client.record(input(1))).rejects.toThrow("the key is intruder's");
  token.client = 'billing';
  await clock.advance(2 * minute);
  await clock.while(client.record(input(2)));
  expect(taken().map(({ manifest }) => manifest.client)).toEqual(['billing', 'billing']);
});

test('a grant too short to be used is not asked for in a loop', async () => {
  const { client, clock, token } = world();
  token.lifeMs = 20_000;
  void client.record(input(0));
  await clock.advance(10 * minute);
  expect(token.requests.length).toBeLessThan(50);
  expect(client.stats().lastError?.code).toBe('grant-invalid');
});
