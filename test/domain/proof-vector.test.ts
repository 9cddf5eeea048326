import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { keyBytes, thumbprint } from '../../src/console/proof/public-key.ts';
import { verifyProof as verifyInPage } from '../../src/console/proof/verify-proof.ts';
import { sha256 } from '../../src/domain/encoding.ts';
import { verifyProof } from '../../src/domain/verify-proof.ts';
import { verifySecond } from '../fixture/second-verifier.ts';
import { house } from '../vector/parties.ts';

interface Vector {
  readonly name: string;
  readonly pins: { readonly issuers: readonly string[]; readonly tenant?: string };
  readonly expect: 'intact' | 'incomplete' | 'forged';
  readonly code?: string;
  readonly proof: unknown;
}

const folder = new URL('../vector/proof/', import.meta.url);
const vectors = readdirSync(folder).map(
  (file): Vector => JSON.parse(readFileSync(new URL(file, folder), 'utf8')),
);
const names = vectors.map(({ name }) => name);

test('there are proofs that are intact, incomplete, and forged in many ways', () => {
  const of = (kind: string) => names.filter((name) => name.startsWith(kind)).length;
  expect([of('intact-'), of('incomplete-'), of('forged-')]).toEqual([7, 8, 31]);
});

describe('the tool’s verifier', () => {
  test.each(vectors)('$name', ({ proof, pins, expect: kind, code }) => {
    const verdict = verifyProof(proof, { ...pins, issuers: new Set(pins.issuers) });
    expect(verdict).toMatchObject({ kind, ...(code === undefined ? {} : { code }) });
  });
});

/** Of form, not of proof: what else the second program reads, it reads as JOSE libraries do. */
const formOnly = [
  'forged-base64url-lax',
  'forged-line-with-two-ids',
  'forged-member-more',
  'forged-version',
];

describe('a program without our code, with the issuer’s key pinned', () => {
  const asked = vectors.filter(({ name, pins }) => !formOnly.includes(name) && !pins.tenant);
  test.each(asked)('$name', async ({ proof, name, expect: kind }) => {
    const verified = verifySecond(JSON.stringify(proof), house.pin);
    // It takes no notice of what the service says of revocations.
    const holds = kind === 'intact' || /revo|-issuer-unpinned/.test(name);
    if (holds && name !== 'incomplete-own-issuer-unpinned')
      expect((await verified).tenant).toBe('acme');
    else await expect(verified).rejects.toThrow();
  });
});

/** The page asks its own service for one tenant's proofs. */
const notForThePage = ['forged-other-tenant'];

describe('the page’s verifier', () => {
  const asked = vectors.filter(({ name }) => !notForThePage.includes(name));
  test.each(asked)('$name', async ({ proof, pins, expect: kind }) => {
    const { line = '', manifest = '' } = proof as { line?: string; manifest?: string };
    const { x } = house.key.jwk;
    const { kind: inPage } = await verifyInPage(proof, {
      line: new Uint8Array(Buffer.from(line, 'base64url')),
      batch: batchIn(manifest),
      pinned: new Set(pins.issuers),
      served: new Map([[house.pin, x]]),
    });
    expect(inPage).toBe(kind);
  });

  test('knows the issuer’s key by the same thumbprint', async () => {
    expect(keyBytes(house.key.jwk.x)).toBeDefined();
    expect(await thumbprint(house.key.jwk.x)).toBe(house.pin);
  });
});

/** What a list would call the batch, whatever became of its signature. */
function batchIn(manifest: string): string {
  const text = Buffer.from(manifest.split('.')[1] ?? '', 'base64url').toString() || '{}';
  const { client, producer, seq, prev, root, count, from, to, fin } = JSON.parse(text);
  const identity = [1, client, producer, seq, prev, root, count, from, to, fin];
  return sha256(JSON.stringify(identity)).toString('base64url');
}
