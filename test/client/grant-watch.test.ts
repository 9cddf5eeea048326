import { afterEach, describe, expect, test } from 'vitest';
import type { AuditEvents } from '../../src/client/index.ts';
import { toTime } from '../../src/domain/encoding.ts';
import { input, start, world } from '../fixture/audit-client.ts';
import { type SpooledWorld, spooledWorld } from '../fixture/spooled-client.ts';

const minute = 60_000;
const worlds: SpooledWorld[] = [];
afterEach(() => {
  for (const each of worlds.splice(0)) {
    each.kill();
    each.remove();
  }
});

const looksIn = ({ token }: Pick<ReturnType<typeof world>, 'token'>) =>
  token.requests.filter(({ path }) => path.startsWith('/v1/grants/'));

/** A client that has sent something, and hears when its grant ends. */
async function sending() {
  const made = world({ lingerMs: 0 });
  const told: AuditEvents['grant-ended'][] = [];
  made.client.on('grant-ended', (event) => told.push(event));
  await made.clock.while(made.client.record(input(0)));
  const [grant] = made.token.grants;
  if (grant === undefined) throw new Error('no grant');
  return { ...made, told, grant };
}

describe('whether its grant still holds', () => {
  test('a client asks once in four minutes while it sends, conditionally, and not while it is idle', async () => {
    const made = await sending();
    const { client, clock, token } = made;
    await clock.advance(30 * minute);
    expect(looksIn(made)).toHaveLength(1);
    for (let i = 0; i < 12; i++) {
      for (let n = 0; n < 10; n++) await clock.while(client.record(input(n)));
      await clock.advance(minute);
    }
    const looks = looksIn(made);
    expect(looks).toHaveLength(4);
    for (const [i, { at }] of looks.entries())
      if (i > 0) expect(at - (looks[i - 1]?.at ?? 0)).toBeGreaterThanOrEqual(3.6 * minute);
    // The grant was renewed meanwhile: of the new one nothing was known at first.
    expect(looks.map(({ status }) => status)).toEqual([200, 200, 304, 304]);
    expect(token.grants).toHaveLength(2);
  });

  test.each(['stopped', 'revoked'] as const)(
    'it learns within five minutes that it was %s, and goes on under a new one',
    async (state) => {
      const { client, clock, token, stream, told, grant, taken } = await sending();
      const at = toTime(clock.now());
      token.ended.set(grant.id, { state, at });
      let n = 1;
      for (const end = clock.now() + 5 * minute; told.length === 0 && clock.now() < end; n++) {
        await clock.while(client.record(input(n)));
        await clock.advance(5000);
      }
      expect(told).toMatchObject([{ grant: grant.id, state, since: at }]);
      expect(client.stats().lastError?.code).toBe(`grant-${state}`);
      await clock.while(client.record(input(n)));
      expect(token.grants).toHaveLength(2);
      expect(taken().at(-1)?.grant).toBe(token.grants[1]);
      // The chain goes on, and nothing is missing in it.
      expect(taken().map(({ manifest }) => manifest.seq)).toEqual(stream.taken.map((_, i) => i));
      await clock.advance(30 * minute);
      expect(told).toHaveLength(1);
    },
  );

  test('what was not accepted when it learned of it is signed again, and keeps its id', async () => {
    const { client, clock, token, stream, told, grant, taken } = await sending();
    token.ended.set(grant.id, { state: 'stopped', at: toTime(clock.now()) });
    stream.fate = () => ({ kind: 'failed', name: 'ServiceUnavailable' });
    const waiting = client.record(input(1));
    await clock.until(() => told.length > 0, 5 * minute);
    stream.fate = () => ({ kind: 'taken' });
    const { batch } = await clock.while(waiting);
    expect(taken().at(-1)).toMatchObject({ id: batch, grant: { id: token.grants[1]?.id } });
    expect(client.stats().resigned).toBe(1);
  });

  test.each(['down', 'hang', 'error', 'key-revoked'] as const)(
    'is not known while the service is %s: nothing changes, and it is asked again',
    async (mode) => {
      const made = await sending();
      const { client, clock, token, told, grant } = made;
      token.ended.set(grant.id, { state: 'stopped' });
      token.mode = mode;
      await clock.advance(10 * minute);
      expect(looksIn(made)).toHaveLength(2);
      expect(told).toEqual([]);
      expect(client.stats().lastError).toBeUndefined();
      await clock.while(client.record(input(1)));
      expect(token.grants).toHaveLength(1);
      token.mode = 'up';
      await clock.until(() => told.length > 0, 5 * minute);
      expect(told[0]?.since).toBeUndefined();
    },
  );

  test('is no reason to live on, and not asked after close', async () => {
    const made = await sending();
    expect(made.clock.holds).toBe(0);
    await made.clock.while(made.client.close());
    await made.clock.advance(30 * minute);
    expect(looksIn(made)).toEqual([]);
    expect(start).toBeLessThan(made.clock.now());
  });
});

test('kept until committed, what the stream took under a stopped grant is sent again under the new one', async () => {
  const made = spooledWorld({ lingerMs: 0, spool: { keepUntil: 'committed' } });
  worlds.push(made);
  const { clock, token, stream, open, numbers } = made;
  const client = open();
  await clock.while(client.record(input(0)));
  const id = stream.taken[0]?.partitionKey ?? '';
  token.ended.set(token.grants[0]?.id ?? '', { state: 'stopped', at: toTime(clock.now()) });
  await clock.until(() => token.grants.length === 2, 5 * minute);
  // It was accepted, put aside by the service, and is never seen to be stored.
  await clock.until(() => stream.taken.length === 2, 11 * minute);
  const [before, again] = made.taken();
  expect(again).toBeUndefined();
  expect(before).toMatchObject({ id, times: 2 });
  const grants = stream.taken.map(({ data }) => data.toString('latin1').split('.')[0]);
  expect(grants[0]).not.toBe(grants[1]);
  token.stored.add(id);
  await clock.advance(minute);
  expect(client.stats()).toMatchObject({ resent: 1, accepted: 1 });
  expect(numbers()).toEqual([0]);
});
