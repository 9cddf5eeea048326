import { readdirSync, readFileSync } from 'node:fs';
import { compactVerify, importJWK } from 'jose';
import { describe, expect, test } from 'vitest';
import { publicKeyFrom } from '../../src/domain/ed25519.ts';
import { codeOf } from '../../src/domain/error.ts';
import { batchId, parseRecord } from '../../src/domain/manifest.ts';
import { openRecord, verifyRecord } from '../../src/domain/open.ts';

interface Vector {
  name: string;
  publicKey: { kty: 'OKP'; crv: 'Ed25519'; x: string };
  grantId: string;
  expect: string;
  faults?: [number, string][];
  batchId: string;
  record: string;
}

const folder = new URL('../vector/', import.meta.url);
const vectors = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Vector);

function open(vector: Vector) {
  const key = publicKeyFrom(vector.publicKey.x);
  if (key === undefined) throw new Error('the vector names a bad key');
  const record = parseRecord(Buffer.from(vector.record, 'base64'));
  verifyRecord(record, key);
  return { record, lines: openRecord(record) };
}

describe('golden vectors', () => {
  test('there is one for each encoding and many for ways of being wrong', () => {
    const names = vectors.map((vector) => vector.name);
    expect(names).toEqual(
      expect.arrayContaining(['valid-identity', 'valid-deflate', 'valid-zstd', 'wrong-bomb']),
    );
    expect(names.filter((name) => name.startsWith('wrong-')).length).toBeGreaterThan(40);
  });

  for (const vector of vectors.filter(({ expect: outcome }) => outcome === 'valid')) {
    test(`${vector.name} opens, with the batch id and the faults that it states`, () => {
      const { record, lines } = open(vector);
      const faults = lines.flatMap((line, i) => (line.kind === 'faulty' ? [[i, line.fault]] : []));
      expect(batchId(record.manifest)).toBe(vector.batchId);
      expect(record.grantId).toBe(vector.grantId);
      expect(faults).toEqual(vector.faults);
    });

    test(`${vector.name} verifies with an independent JOSE library`, async () => {
      const record = Buffer.from(vector.record, 'base64');
      const compact = record.toString('latin1', 0, record.indexOf(0x0a));
      const key = await importJWK(vector.publicKey, 'EdDSA');
      const { payload, protectedHeader } = await compactVerify(compact, key, {
        algorithms: ['EdDSA'],
      });
      expect(protectedHeader.kid).toBe(vector.grantId);
      expect(JSON.parse(new TextDecoder().decode(payload)).v).toBe(1);
    });
  }

  for (const vector of vectors.filter(({ expect: outcome }) => outcome !== 'valid')) {
    test(`${vector.name} is refused as ${vector.expect}`, () => {
      let code: string | undefined = 'opened';
      try {
        open(vector);
      } catch (error) {
        code = codeOf(error) ?? String(error);
      }
      expect(code).toBe(vector.expect);
    });
  }
});
