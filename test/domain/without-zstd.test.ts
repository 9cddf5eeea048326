import { expect, test, vi } from 'vitest';
import { readBundle } from '../../src/domain/bundle.ts';
import { BundleVerifier } from '../../src/domain/verify-bundle.ts';
import { signer } from '../fixture/batches.ts';
import { batchLine, bundleOf, chainOf, grantLine } from '../fixture/bundles.ts';
import { issuerOf } from '../fixture/issued.ts';

vi.mock('node:zlib', async (importOriginal) => ({
  ...(await importOriginal<typeof import('node:zlib')>()),
  zstdDecompressSync: undefined,
}));

test('a batch that cannot be unpacked here is incomplete, and never forged', async () => {
  const issuer = issuerOf();
  const who = signer();
  const batches = chainOf(who, 3, Date.parse('2026-03-01T12:00:00.000Z'));
  expect(batches.map(({ enc }) => enc)).toEqual(['zstd', 'zstd', 'zstd']);
  const lines = batches.map((batch) => batchLine(who, batch));
  const verifier = new BundleVerifier({ issuers: new Set([issuer.pin]) });
  async function* chunks() {
    yield bundleOf([grantLine(issuer.grant(who))], lines);
  }
  const verdicts: unknown[] = [];
  for await (const entry of readBundle(chunks())) {
    const batch = verifier.take(entry);
    if (batch !== undefined) verdicts.push(batch.verdict);
  }
  const unpackable = {
    kind: 'incomplete',
    code: 'unpackable-here',
    why: expect.stringContaining('cannot be checked here'),
  };
  expect(verdicts).toEqual([unpackable, unpackable, unpackable]);
  expect(verifier.finish().file.kind).not.toBe('forged');
});
