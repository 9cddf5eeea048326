import { createPublicKey } from 'node:crypto';
import fc from 'fast-check';
import { compactVerify } from 'jose';
import { expect, test } from 'vitest';
import type { Encoding } from '../../src/domain/body.ts';
import { generateKey } from '../../src/domain/ed25519.ts';
import { codeOf } from '../../src/domain/error.ts';
import { limits } from '../../src/domain/limits.ts';
import { batchId, parseRecord } from '../../src/domain/manifest.ts';
import { openRecord, verifyRecord } from '../../src/domain/open.ts';
import { signBatch } from '../../src/domain/seal.ts';
import { batchOf, signer } from '../fixture/batches.ts';
import { event, line, lines } from '../fixture/events.ts';

const now = 1_700_000_000_000;
const who = signer();
const publicKey = createPublicKey(who.key);
const encodings: Encoding[] = ['zstd', 'deflate', 'identity'];

/** Lines with a valid id, and anything else that is one line of JSON. */
const anyLine = fc
  .tuple(
    fc.integer({ min: 0, max: limits.spanMs }),
    fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 }),
    fc.integer({ min: 0, max: 3000 }),
    fc.constantFrom('', ' ', '\t', '\r'),
  )
  .map(([offset, metadata, padding, space]) =>
    Buffer.concat([
      Buffer.from(space),
      line(event(now + offset, { metadata, reason: 'x'.repeat(padding) })),
      Buffer.from(space),
    ]),
  );

test('the exact bytes of the lines come back, whatever they are and however they are packed', () => {
  const seen = new Set<Encoding>();
  fc.assert(
    fc.property(
      fc.array(anyLine, { minLength: 1, maxLength: 20 }),
      fc.constantFrom(...encodings),
      (sealed, enc) => {
        const batch = batchOf(sealed, { enc });
        const record = parseRecord(signBatch(batch, who.grantId, who.key));
        verifyRecord(record, publicKey);
        expect(openRecord(record).map(({ bytes }) => bytes)).toEqual(sealed);
        expect(record.grantId).toBe(who.grantId);
        expect(batchId(record.manifest)).toBe(batch.id);
        seen.add(record.manifest.enc);
      },
    ),
    { numRuns: 150 },
  );
  expect([...seen].sort()).toEqual(['deflate', 'identity', 'zstd']);
});

test('a batch has the same id under any grant, key and encoding', () => {
  const sealed = lines(now, 50);
  const ids = encodings.flatMap((enc) =>
    [who, signer()].map(({ grantId, key }) => {
      const record = signBatch(batchOf(sealed, { enc }), grantId, key);
      return batchId(parseRecord(record).manifest);
    }),
  );
  expect(new Set(ids).size).toBe(1);
});

test('whatever else is different about a batch makes another id', () => {
  const sealed = lines(now, 3);
  const seq = { seq: 1, prev: 'A'.repeat(43) };
  const batches = [
    batchOf(sealed),
    batchOf(sealed.toReversed()),
    batchOf(sealed, { client: 'payments' }),
    batchOf(sealed, { producer: '018bcfe5-6800-7000-8000-000000000002' }),
    batchOf(sealed, seq),
    batchOf(sealed, { ...seq, seq: 2 }),
    batchOf(sealed, { ...seq, prev: `B${'A'.repeat(42)}` }),
    batchOf(sealed, { from: now - 1 }),
    batchOf(sealed, { to: now + 3 }),
    batchOf(sealed, { fin: true }),
  ];
  expect(new Set(batches.map(({ id }) => id)).size).toBe(batches.length);
  expect(batchOf(sealed, { sealed: now + 9 }).id).toBe(batches[0]?.id);
});

test('a batch signed twice under one grant is the same bytes', () => {
  const batch = batchOf(lines(now, 10));
  const sign = (grantId: string, key = who.key) => signBatch(batch, grantId, key);
  expect(sign(who.grantId)).toEqual(sign(who.grantId));
  expect(sign(who.grantId)).not.toEqual(sign('A'.repeat(43)));
  expect(sign(who.grantId)).not.toEqual(sign(who.grantId, generateKey().privateKey));
});

test('a JOSE library verifies a sealed batch and refuses it under another key', async () => {
  const record = signBatch(batchOf(lines(now, 5)), who.grantId, who.key);
  const compact = record.toString('latin1', 0, record.indexOf(0x0a));
  const { payload, protectedHeader } = await compactVerify(compact, publicKey);
  expect(protectedHeader).toEqual({
    alg: 'EdDSA',
    typ: 'sealtrail-manifest+jwt',
    kid: who.grantId,
  });
  expect(JSON.parse(new TextDecoder().decode(payload))).toEqual(parseRecord(record).manifest);
  await expect(compactVerify(compact, createPublicKey(signer().key))).rejects.toThrow();
});

test('the last batch of a producer may be empty, and no other', () => {
  const fin = batchOf([], { fin: true, sealed: now });
  const record = parseRecord(signBatch(fin, who.grantId, who.key));
  verifyRecord(record, publicKey);
  expect(openRecord(record)).toEqual([]);
  expect(record.manifest).toMatchObject({ count: 0, size: 0, len: 0, enc: 'identity', fin: true });
  expect(code(() => batchOf([], { sealed: now }))).toBe('lines-invalid');
});

test('a batch has 1,000 events, 60 s and 4 MiB at most', () => {
  const wide = (ms: number) => [line(event(now)), line(event(now + ms))];
  const long = (bytes: number) => {
    const [first = Buffer.alloc(0), last = Buffer.alloc(0)] = wide(0);
    return [first, last, Buffer.alloc(bytes - first.length - last.length - 3, 'x')];
  };
  expect(code(() => batchOf(lines(now, 1000)))).toBe('composed');
  expect(code(() => batchOf(lines(now, 1001)))).toBe('lines-invalid');
  expect(code(() => batchOf(wide(60_000)))).toBe('composed');
  expect(code(() => batchOf(wide(60_001)))).toBe('span-exceeded');
  expect(batchOf(long(limits.size)).size).toBe(limits.size);
  expect(code(() => batchOf(long(limits.size + 1)))).toBe('size-mismatch');
});

test('a body that would look like a bomb, or would grow, is sent as it is', () => {
  const zeros = line(event(now, { reason: '0'.repeat(2000), metadata: { z: '0'.repeat(60_000) } }));
  const many = Array.from({ length: 20 }, () => zeros);
  for (const enc of ['zstd', 'deflate'] as const) {
    expect(batchOf(many, { enc }).enc).toBe('identity');
    expect(batchOf([zeros], { enc }).enc).toBe(enc); // within the slack of 64 KiB
    expect(batchOf([Buffer.from('{}')], { enc, sealed: now, from: now, to: now }).enc).toBe(
      'identity',
    );
  }
});

function code(compose: () => unknown): string | undefined {
  try {
    compose();
  } catch (error) {
    return codeOf(error);
  }
  return 'composed';
}
