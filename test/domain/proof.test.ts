import { describe, expect, test } from 'vitest';
import { generateKey } from '../../src/domain/ed25519.ts';
import { toTime } from '../../src/domain/encoding.ts';
import { grantHeader } from '../../src/domain/grant.ts';
import { signJws } from '../../src/domain/jws.ts';
import { makeProof, type Proof } from '../../src/domain/proof.ts';
import { signBatch } from '../../src/domain/seal.ts';
import { verifyProof } from '../../src/domain/verify-proof.ts';
import type { KnownGrant } from '../../src/lambda/verified-grants.ts';
import { batchOf, signer } from '../fixture/batches.ts';
import { event, line, lines } from '../fixture/events.ts';
import { issuerOf } from '../fixture/issued.ts';
import { verifySecond } from '../fixture/second-verifier.ts';

const now = Date.parse('2026-03-01T12:00:00.000Z');
const issuer = issuerOf();
const pins = { issuers: new Set([issuer.pin]) };
const who = signer();

/** The proof of a line of these, which is true unless `over` or `change` says otherwise. */
function proved({
  of = lines(now, 5),
  index = 2,
  arrival = now + 1000,
  grant = issuer.grant(who),
  by = who,
  batch = {},
}: {
  of?: Buffer[];
  index?: number;
  arrival?: number;
  grant?: KnownGrant;
  by?: typeof who;
  batch?: Parameters<typeof batchOf>[1];
} = {}): Proof {
  const record = signBatch(
    batchOf(of, { client: by.client, producer: by.producer, ...batch }),
    by.grantId,
    by.key,
  );
  const manifest = record.toString('latin1', 0, record.indexOf(0x0a));
  return makeProof({ lines: of, index, manifest, grant, arrival });
}

const text = (proof: unknown) => JSON.stringify(proof);

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

const other = issuerOf();
const stranger = signer({ client: 'billing', grantId: who.grantId });
const [foreign] = lines(now, 1);
const flip = (jws: string, at: number) => {
  const c = jws.charAt(at);
  return jws.slice(0, at) + (c === 'A' ? 'Q' : 'A') + jws.slice(at + 1);
};
/** Signed anew by `key` with what `change` makes of the payload. */
const signedAnew = (
  jwt: string,
  header: string,
  key: Parameters<typeof signJws>[2],
  change: (payload: Record<string, unknown>) => object,
) => {
  const payload = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());
  return signJws(header, text(change(payload)), key);
};
const headerOf = (jwt: string) => Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString();

/** Each way of being wrong, with what we call it. `second`: whether the second verifier looks at it at all. */
const forgeries: Record<string, { code: string; make: () => unknown; second?: false }> = {
  'another line': {
    code: 'root-mismatch',
    make: () => ({ ...proved(), line: foreign?.toString('base64url') }),
  },
  'one bit of the line changed': {
    code: 'root-mismatch',
    make: () => ({ ...proved(), line: flip(proved().line, 40) }),
  },
  'the place of its neighbour': { code: 'root-mismatch', make: () => ({ ...proved(), index: 3 }) },
  'a place beyond the batch': { code: 'root-mismatch', make: () => ({ ...proved(), index: 5 }) },
  'a path cut short': {
    code: 'root-mismatch',
    make: () => ({ ...proved(), path: proved().path.slice(1) }),
  },
  'a path made longer': {
    code: 'root-mismatch',
    make: () => ({ ...proved(), path: [...proved().path, ...proved().path.slice(0, 1)] }),
  },
  'a path in another order': {
    code: 'root-mismatch',
    make: () => ({ ...proved(), path: proved().path.toReversed() }),
  },
  'the node above a leaf given as a line': {
    code: 'root-mismatch',
    make: () => {
      const { path, ...rest } = proved({ of: lines(now, 4), index: 0 });
      return { ...rest, line: path[0], path: path.slice(1), index: 0 };
    },
  },
  'a manifest changed after it was signed': {
    code: 'signature-invalid',
    make: () => {
      const proof = proved();
      const [header, payload = '', signature] = proof.manifest.split('.');
      const changed = Buffer.from(payload, 'base64url')
        .toString()
        .replace('"client":"billing"', '"client":"billinG"');
      return {
        ...proof,
        manifest: `${header}.${Buffer.from(changed).toString('base64url')}.${signature}`,
      };
    },
  },
  'a manifest signed by another key': {
    code: 'signature-invalid',
    make: () => {
      const of = lines(now, 5);
      return { ...proved({ of }), manifest: proved({ of, by: stranger }).manifest };
    },
  },
  'a manifest’s signature changed': {
    code: 'signature-invalid',
    make: () => {
      const { manifest, ...rest } = proved();
      return { ...rest, manifest: flip(manifest, manifest.length - 20) };
    },
  },
  'a manifest under another grant': {
    code: 'grant-other',
    make: () => ({ ...proved(), grant: issuer.grant(signer()).jwt }),
  },
  'the grant of another client': {
    code: 'client-mismatch',
    make: () => proved({ grant: issuer.grant(who, { sub: 'crm' }) }),
  },
  'a grant that ended long before': {
    code: 'grant-expired',
    make: () => proved({ grant: issuer.grant(who, { exp: now / 1000 - 1201 }) }),
  },
  'an arrival after the grant’s end': {
    code: 'grant-expired',
    make: () => proved({ grant: issuer.grant(who, { exp: now / 1000 }), arrival: now + 900_001 }),
    second: false,
  },
  'an arrival before the events': {
    code: 'clock-ahead',
    make: () => proved({ arrival: now - 300_001 }),
    second: false,
  },
  'a grant changed after it was signed': {
    code: 'grant-invalid',
    make: () => {
      const proof = proved();
      const [header, payload = '', signature] = proof.grant.split('.');
      const changed = Buffer.from(payload, 'base64url').toString().replace('"acme"', '"evil"');
      return {
        ...proof,
        grant: `${header}.${Buffer.from(changed).toString('base64url')}.${signature}`,
      };
    },
  },
  'a grant that another key signed in the issuer’s name': {
    code: 'grant-invalid',
    make: () => {
      const proof = proved();
      return {
        ...proof,
        grant: signedAnew(
          proof.grant,
          grantHeader(issuer.pin),
          other.key.privateKey,
          (same) => same,
        ),
      };
    },
  },
  'an issuer of its own': {
    code: 'issuer-other',
    make: () => proved({ grant: other.grant(who) }),
  },
  'another issuer’s key beside a true grant': {
    code: 'issuer-key-mismatch',
    make: () => ({ ...proved(), issuerKey: other.key.jwk }),
  },
  'a key of small order for the client': {
    code: 'grant-invalid',
    make: () => {
      const x = Buffer.concat([Buffer.of(1), Buffer.alloc(31)]).toString('base64url');
      const proof = proved();
      const small = signedAnew(
        proof.grant,
        headerOf(proof.grant),
        issuer.key.privateKey,
        (grant) => ({
          ...grant,
          cnf: { jwk: { kty: 'OKP', crv: 'Ed25519', x } },
        }),
      );
      // S = 0, R = the neutral point: holds for every message under that key.
      const [header, payload] = proof.manifest.split('.');
      const signature = Buffer.concat([Buffer.of(1), Buffer.alloc(63)]).toString('base64url');
      return { ...proof, grant: small, manifest: `${header}.${payload}.${signature}` };
    },
  },
  'a manifest in place of a grant': {
    code: 'grant-invalid',
    make: () => ({ ...proved(), grant: proved().manifest }),
  },
  'a grant in place of a manifest': {
    code: 'header-invalid',
    make: () => ({ ...proved(), manifest: proved().grant }),
  },
  'an event out of its batch’s time': {
    code: 'range-mismatch',
    make: () => proved({ of: lines(now, 5), batch: { from: now - 1000, to: now - 500 } }),
  },
  'two lines passed off as one': {
    code: 'lines-invalid',
    make: () =>
      proved({
        of: [Buffer.from(`${line(event(now))}\n`)],
        index: 0,
        batch: { from: now, to: now },
      }),
    second: false,
  },
  'a line without an id': {
    code: 'id-missing',
    make: () =>
      proved({
        of: [Buffer.from('{"time":"2026-03-01T12:00:00.000Z"}')],
        index: 0,
        batch: { from: now, to: now, sealed: now },
      }),
    second: false,
  },
  'base64url that is not strict': {
    code: 'encoding-invalid',
    make: () => {
      const of = [line({ ...event(now), reason: 'x' }), line({ ...event(now), reason: 'xy' })];
      const proof = of
        .map((_, index) => proved({ of, index }))
        .find(({ line }) => line.length % 4 !== 0);
      const last = proof?.line.slice(-1) ?? '';
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
      return {
        ...proof,
        line: `${proof?.line.slice(0, -1)}${alphabet[alphabet.indexOf(last) + 1]}`,
      };
    },
    second: false,
  },
  'a member too many': {
    code: 'malformed',
    make: () => ({ ...proved(), trust: 'me' }),
    second: false,
  },
  'an index that is none': { code: 'malformed', make: () => ({ ...proved(), index: -1 }) },
  'another version': { code: 'malformed', make: () => ({ ...proved(), v: 2 }), second: false },
  'something else': { code: 'malformed', make: () => 'proof' },
};

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
