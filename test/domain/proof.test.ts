import { describe, expect, test } from 'vitest';
import { readClient } from '../../src/domain/access-log.ts';
import { generateKey } from '../../src/domain/ed25519.ts';
import { toTime } from '../../src/domain/encoding.ts';
import { verifyProof } from '../../src/domain/verify-proof.ts';
import { signer } from '../fixture/batches.ts';
import { event, line, lines } from '../fixture/events.ts';
import { forgeries } from '../fixture/forged-proofs.ts';
import { issuer, now, pins, proved, text, who } from '../fixture/proved.ts';
import { verifySecond } from '../fixture/second-verifier.ts';

describe('a proof of ours', () => {
  test.each([1, 2, 3, 5, 8, 257, 1000])(
    'holds for each line of %i, by us and by a program without our code',
    async (count) => {
      const of = lines(now, count);
      const steps = Array.from({ length: count }, (_, i) => i).filter(
        (i) => i < 3 || i > count - 3 || i % 97 === 0,
      );
      for (const index of steps) {
        const proof = proved({ of, index });
        expect(verifyProof(JSON.parse(text(proof)), pins)).toMatchObject({
          kind: 'intact',
          id: JSON.parse(of[index]?.toString() ?? '').id,
          place: { tenant: 'acme', client: 'billing', producer: who.producer, seq: 0 },
        });
        expect((await verifySecond(text(proof), issuer.pin)).tenant).toBe('acme');
      }
    },
  );

  test('says what is wrong with a faulty line, which was sealed all the same', () => {
    const of = [line({ ...event(now), typo: 1 })];
    expect(verifyProof(proved({ of, index: 0 }), pins)).toMatchObject({
      kind: 'intact',
      fault: 'schema',
    });
  });

  test('is incomplete without a pinned issuer: anybody could have made it', () => {
    const verdict = verifyProof(proved(), { issuers: new Set() });
    expect(verdict).toMatchObject({ kind: 'incomplete', code: 'issuer-unpinned' });
    expect('why' in verdict && verdict.why).toMatch(/anybody could have made this file/);
  });

  test('of a tenant that was not asked for is refused', () => {
    expect(verifyProof(proved(), { ...pins, tenant: 'acme' }).kind).toBe('intact');
    expect(verifyProof(proved(), { ...pins, tenant: 'globex' })).toMatchObject({
      kind: 'forged',
      code: 'tenant-other',
    });
  });
});

describe('a forged proof is found, whatever was forged', () => {
  test.each(Object.entries(forgeries))('%s', async (_, { code, make, second }) => {
    const proof = make();
    expect(verifyProof(proof, pins)).toMatchObject({ kind: 'forged', code });
    if (second !== false) await expect(verifySecond(text(proof), issuer.pin)).rejects.toThrow();
  });

  test('also where nobody has pinned an issuer', () => {
    for (const [name, { make, code }] of Object.entries(forgeries))
      if (code !== 'issuer-other')
        expect(verifyProof(make(), { issuers: new Set() }).kind, name).toBe('forged');
  });
});

describe('what is missing makes a proof incomplete, and nothing worse', () => {
  test.each([
    'v',
    'line',
    'index',
    'path',
    'manifest',
    'grant',
    'revocation',
    'arrival',
    'issuerKey',
  ] as const)('%s', (name) => {
    const { [name]: _, ...rest } = proved();
    expect(verifyProof(rest, pins)).toMatchObject({
      kind: 'incomplete',
      code: 'member-missing',
      why: `the proof has no ${name}`,
    });
  });

  test('also where something else does not hold: nothing is looked at then', () => {
    const { grant: _, ...rest } = { ...proved(), index: 77 };
    expect(verifyProof(rest, pins)).toMatchObject({ kind: 'incomplete', code: 'member-missing' });
  });

  test('but not where what is there is of another form', () => {
    const { grant: _, ...rest } = { ...proved(), index: -1 };
    expect(verifyProof(rest, pins)).toMatchObject({ kind: 'forged', code: 'malformed' });
  });

  test('a grant that was revoked before the batch arrived', () => {
    const revoked = (at: number) => proved({ grant: issuer.grant(who, { revokedAt: at }) });
    expect(verifyProof(revoked(now + 1001), pins).kind).toBe('intact');
    expect(verifyProof(revoked(now + 1000), pins)).toMatchObject({
      kind: 'incomplete',
      code: 'revoked',
    });
  });
});

describe('under the grant of the read API', () => {
  const reader = signer({ client: readClient });
  const grant = issuer.grant(reader, { via: 'service' });
  const of = (value: object) =>
    verifyProof(proved({ of: [line(value)], index: 0, by: reader, grant }), pins);

  test.each(['audit.log.read', 'audit.viewer.create'])('%s is intact', (action) => {
    expect(of(event(now, { action }))).toMatchObject({
      kind: 'intact',
      place: { via: 'service', client: readClient },
    });
  });

  test.each([
    ['another action', event(now)],
    ['a line that is no valid event', { ...event(now, { action: 'audit.log.read' }), typo: 1 }],
  ])('%s is forged', (_, value) => {
    expect(of(value)).toMatchObject({ kind: 'forged', code: 'action-forbidden' });
  });
});

test('events sealed offline long before their grant, and sent under it, are intact', () => {
  const late = proved({
    grant: issuer.grant(who, { iat: now / 1000 + 86_400 }),
    arrival: now + 90_000_000,
  });
  expect(verifyProof(late, pins).kind).toBe('intact');
  expect(toTime(now)).toBe('2026-03-01T12:00:00.000Z');
});

test('nothing that is fed to it makes it throw', () => {
  const key = generateKey().jwk;
  for (const value of [
    null,
    undefined,
    1,
    [],
    {},
    { v: 1 },
    { ...proved(), issuerKey: { ...key, x: 'A' } },
  ])
    expect(verifyProof(value, pins).kind).not.toBe('intact');
});
