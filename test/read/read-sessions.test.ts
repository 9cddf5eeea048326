import { expect, test } from 'vitest';
import type { PublicJwk } from '../../src/domain/ed25519.ts';
import { thumbprint } from '../../src/domain/ed25519.ts';
import { toTime } from '../../src/domain/encoding.ts';
import { grantId } from '../../src/domain/grant.ts';
import type { ReadGrantAnswer, ReadGrantRequest } from '../../src/lambda/read-grant.ts';
import { readSessions } from '../../src/read/read-sessions.ts';

const hour = 3_600_000;

function setUp() {
  const clock = { now: Date.parse('2026-03-01T12:00:00.000Z') };
  const state = { asked: [] as string[], fails: false };
  let ids = 0;
  const session = readSessions({
    async ask({ tenant, jwk, jti }: ReadGrantRequest): Promise<ReadGrantAnswer> {
      state.asked.push(tenant);
      if (state.fails) throw new Error('the token function is down');
      if (tenant === 'nobody') return { kind: 'unregistered' };
      return { kind: 'session', answer: answerFor(jwk as PublicJwk, jti, clock.now + hour) };
    },
    kinesis: () => ({
      send: async () => {
        throw new Error('not used');
      },
    }),
    newId: () => `request-${ids++}`,
    now: () => clock.now,
  });
  return { clock, state, session };
}

function answerFor(jwk: PublicJwk, jti: string, end: number) {
  const id = grantId(thumbprint(jwk), jti);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const about = { sub: 'sealtrail.read', tenant: 'acme', retentionDays: 30 };
  const payload = { ...about, jti: id, cnf: { jwk } };
  const expiresAt = toTime(end);
  return {
    grant: { id, jwt: `${part({})}.${part(payload)}.${'A'.repeat(86)}`, expiresAt },
    transport: {
      kind: 'kinesis',
      stream: 'arn:stream',
      region: 'eu-west-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 's', sessionToken: 't', expiresAt },
    },
    serverTime: toTime(end - hour),
  };
}

test('a tenant’s session is asked for once, by however many at a time, until it nears its end', async () => {
  const { clock, state, session } = setUp();
  const all = await Promise.all(Array.from({ length: 5 }, () => session('acme')));
  expect(new Set(all).size).toBe(1);
  await session('globex');
  expect(state.asked).toEqual(['acme', 'globex']);
  clock.now += hour - 61_000;
  await session('acme');
  expect(state.asked).toHaveLength(2);
  clock.now += 1_000;
  await Promise.all(Array.from({ length: 5 }, () => session('acme')));
  expect(state.asked).toEqual(['acme', 'globex', 'acme']);
});

test('a failure, or that a tenant is not registered, is not kept', async () => {
  const { state, session } = setUp();
  state.fails = true;
  await expect(session('acme')).rejects.toThrow('down');
  state.fails = false;
  expect(await session('acme')).toMatchObject({ client: 'sealtrail.read' });
  for (let i = 0; i < 2; i++) expect(await session('nobody')).toBe('unregistered');
  expect(state.asked).toEqual(['acme', 'acme', 'nobody', 'nobody']);
});
