import { createPublicKey } from 'node:crypto';
import { expect, test } from 'vitest';
import { generateKey, thumbprint } from '../../src/domain/ed25519.ts';
import { type Grant, grantHeader, grantId, grantPayload } from '../../src/domain/grant.ts';
import { signJws } from '../../src/domain/jws.ts';
import { verifiedGrants } from '../../src/lambda/verified-grants.ts';

const issuer = generateKey();
const keyId = thumbprint(issuer.jwk);
const client = generateKey();

function grant(proof: string): Grant {
  return {
    iss: 'sealtrail/test',
    sub: 'billing',
    tenant: 'acme',
    jti: grantId(thumbprint(client.jwk), proof),
    cnf: { jwk: client.jwk },
    iat: 1,
    exp: 2,
    retentionDays: 30,
    shards: 1,
    via: 'sdk',
  };
}

const sign = (of: Grant, key = issuer.privateKey) =>
  signJws(grantHeader(keyId), grantPayload(of), key);

/** A look-up over a table in memory, with a clock in the test's hand. */
function setUp() {
  const rows = new Map<string, { jwt: string; revokedAt?: number }>();
  const asked: string[][] = [];
  const state = { now: 1_000_000, isDown: false };
  const keys = new Map([[keyId, createPublicKey(issuer.privateKey)]]);
  const known = verifiedGrants({
    find: async (ids) => {
      asked.push(ids);
      if (state.isDown) throw new Error('down');
      return new Map([...rows].filter(([id]) => ids.includes(id)));
    },
    issuer: async () => ({ name: 'sealtrail/test', keys }),
    now: () => state.now,
  });
  const add = (of: Grant, jwt = sign(of)) => {
    rows.set(of.jti, { jwt });
    return of.jti;
  };
  return { known, rows, asked, state, add };
}

test('the distinct unknown grants of a call are looked up at once, and then known for 30 s', async () => {
  const { known, asked, state, add } = setUp();
  const [a, b, c] = ['a', 'b', 'c'].map((proof) => add(grant(proof)));
  if (a === undefined || b === undefined || c === undefined) throw new Error('no grant');
  expect([...(await known([a, b, a])).keys()]).toEqual([a, b]);
  expect([...(await known([b, c, a])).keys()].sort()).toEqual([a, b, c].sort());
  expect(asked).toEqual([[a, b], [c]]);
  state.now += 29_999;
  await known([a, b, c]);
  expect(asked).toHaveLength(2);
  state.now += 1;
  await known([a]);
  expect(asked[2]).toEqual([a]);
});

test('a grant comes with what the issuer signed, and the key of its client', async () => {
  const { known, add } = setUp();
  const id = add(grant('a'));
  const found = (await known([id])).get(id);
  expect(found).toMatchObject({ ...grant('a'), revokedAt: undefined });
  expect(found?.key.export({ format: 'jwk' })).toMatchObject(client.jwk);
});

test('a grant that is not there is asked for again: one issued a moment later is found', async () => {
  const { known, asked, add } = setUp();
  const { jti } = grant('soon');
  expect((await known([jti])).size).toBe(0);
  add(grant('soon'));
  expect((await known([jti])).size).toBe(1);
  expect(asked).toHaveLength(2);
});

test('a revocation is seen within 30 s', async () => {
  const { known, rows, state, add } = setUp();
  const id = add(grant('bad'));
  await known([id]);
  rows.set(id, { jwt: sign(grant('bad')), revokedAt: 999_000 });
  state.now += 30_000;
  expect((await known([id])).get(id)?.revokedAt).toBe(999_000);
});

test('a failed look-up is a failure, never an unknown grant, and is not remembered', async () => {
  const { known, state, add } = setUp();
  const id = add(grant('a'));
  state.isDown = true;
  await expect(known([id])).rejects.toThrow('down');
  state.isDown = false;
  expect((await known([id])).size).toBe(1);
});

test('what the issuer did not sign, or signed for another place, is no grant', async () => {
  const { known, rows, add } = setUp();
  const forged = add(grant('forged'), sign(grant('forged'), client.privateKey));
  const other = { ...grant('other'), iss: 'somebody' };
  const foreign = add(other, sign(other));
  const nonsense = add(grant('nonsense'), 'not.a.jwt');
  const moved = grant('moved').jti;
  rows.set(moved, { jwt: sign(grant('good')) });
  const good = add(grant('good'));
  const found = await known([forged, foreign, nonsense, moved, good]);
  expect([...found.keys()]).toEqual([good]);
});

test('nothing is asked for nothing', async () => {
  const { known, asked } = setUp();
  expect((await known([])).size).toBe(0);
  expect(asked).toEqual([]);
});
