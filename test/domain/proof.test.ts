import { describe, expect, test } from 'vitest';
import { generateKey } from '../../src/domain/ed25519.ts';
import { toTime } from '../../src/domain/encoding.ts';
import { verifyProof } from '../../src/domain/verify-proof.ts';
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
  test.each(['line', 'index', 'path', 'manifest', 'grant'] as const)('%s', (name) => {
    const { [name]: _, ...rest } = proved();
    expect(verifyProof(rest, pins)).toMatchObject({
      kind: 'incomplete',
      code: 'member-missing',
      why: `the proof has no ${name}`,
    });
  });

  test('the issuer’s key', () => {
    const { issuerKey: _, ...rest } = proved();
    expect(verifyProof(rest, pins)).toMatchObject({ code: 'issuer-key-missing' });
  });

  test('a look for a revocation', () => {
    const { revocation: _, ...rest } = proved();
    expect(verifyProof(rest, pins)).toMatchObject({ code: 'revocation-unknown' });
  });

  test('a grant that was revoked before the batch arrived', () => {
    const revoked = (at: number) => proved({ grant: issuer.grant(who, { revokedAt: at }) });
    expect(verifyProof(revoked(now + 1001), pins).kind).toBe('intact');
    expect(verifyProof(revoked(now + 1000), pins)).toMatchObject({
      kind: 'incomplete',
      code: 'revoked',
    });
    const { arrival: _, ...rest } = revoked(now + 1001);
    expect(verifyProof(rest, pins)).toMatchObject({ code: 'revoked' });
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
