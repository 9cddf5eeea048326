import { describe, expect, test } from 'vitest';
import { keyBytes, thumbprint } from '../../src/console/proof/public-key.ts';
import { verifyProof as verifyInPage } from '../../src/console/proof/verify-proof.ts';
import { sha256 } from '../../src/domain/encoding.ts';
import { verifyProofText } from '../../src/domain/verify-proof-text.ts';
import { judgeSecond } from '../fixture/second-verifier.ts';
import { proofFile } from '../vector/files.ts';
import { house } from '../vector/parties.ts';
import { fromParts } from '../vector/parts.ts';

const file = proofFile();
const vectors = file.groups.flatMap(({ pins, cases }) => cases.map((each) => ({ ...each, pins })));
const names = vectors.map(({ name }) => name);

test('there are proofs that are intact, incomplete, and forged in many ways', () => {
  const of = (kind: string) => names.filter((name) => name.startsWith(kind)).length;
  expect([of('intact-'), of('incomplete-'), of('forged-')]).toEqual([17, 15, 61]);
  expect(vectors.length).toBe(file.numberOfCases);
  expect(new Set(names).size).toBe(names.length);
});

describe('the tool’s verifier', () => {
  test.each(vectors)('$name', ({ input, pins, result: kind, code }) => {
    const verdicts = verifyProofText(fromParts(input), { ...pins, issuers: new Set(pins.issuers) });
    expect(verdicts).toMatchObject([{ kind, ...(code === undefined ? {} : { code }) }]);
  });
});

describe('a program without our code', () => {
  test.each(vectors)('$name', async ({ input, pins, result }) => {
    expect((await judgeSecond(fromParts(input), pins)).kind).toBe(result);
  });
});

/**
 * The page asks its own service for one tenant's proofs, and the browser parses the answer; it has no schema to tell
 * that the read API sealed a line that is no event.
 */
const notForThePage = /^forged-(other-tenant|json-.*|text-over-256-kib|read-that-is-no-event)$/;

describe('the page’s verifier', () => {
  const asked = vectors.filter(({ name }) => !notForThePage.test(name));

  test('is asked all but nine', () => {
    expect(vectors.length - asked.length).toBe(9);
  });

  test.each(asked)('$name', async ({ input, pins, result }) => {
    const proof: unknown = JSON.parse(fromParts(input).toString());
    const { line = '', manifest = '' } = proof as { line?: string; manifest?: string };
    const { x } = house.key.jwk;
    const { kind } = await verifyInPage(proof, {
      line: new Uint8Array(Buffer.from(line, 'base64url')),
      batch: batchIn(manifest),
      pinned: new Set(pins.issuers),
      served: new Map([[house.pin, x]]),
    });
    expect(kind).toBe(result);
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
