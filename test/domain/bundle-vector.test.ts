import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readBundle } from '../../src/domain/bundle.ts';
import type { Chain } from '../../src/domain/chains.ts';
import { BundleVerifier } from '../../src/domain/verify-bundle.ts';
import { verifySecondBundle } from '../fixture/second-verifier.ts';
import type { BundleVector } from '../vector/bundles.ts';

type Vector = Omit<BundleVector, 'bundle' | 'pins'> & {
  readonly name: string;
  readonly bundle: string;
  readonly pins: { readonly issuers: readonly string[]; readonly tenant?: string };
};

const folder = new URL('../vector/bundle/', import.meta.url);
const vectors = readdirSync(folder).map(
  (file): Vector => JSON.parse(readFileSync(new URL(file, folder), 'utf8')),
);

test('there are bundles that are intact, incomplete, and forged in many ways', () => {
  const of = (kind: string) => vectors.filter(({ name }) => name.startsWith(kind)).length;
  expect([of('intact-'), of('incomplete-'), of('forged-')]).toEqual([4, 13, 14]);
});

const said = (verdict: { readonly kind: string }) =>
  'code' in verdict ? `${verdict.kind}: ${verdict.code}` : verdict.kind;
const list = (what: string, of: readonly unknown[]) => (of.length > 0 ? ` ${what} ${of}` : '');
function chainText({ client, first, last, isFinished, gaps, forks }: Chain): string {
  const between = gaps.map(({ from, to }) => `${from}-${to}`);
  const end = isFinished ? 'finished' : 'open';
  return `${client} ${first}-${last} ${end}${list('gaps', between)}${list('forks', forks)}`;
}

describe('the tool’s verifier', () => {
  test.each(vectors)('$name', async ({ bundle, pins, ...expected }) => {
    const verifier = new BundleVerifier({ ...pins, issuers: new Set(pins.issuers) });
    async function* chunks() {
      yield Buffer.from(bundle, 'base64');
    }
    const batches: string[] = [];
    for await (const entry of readBundle(chunks())) {
      const batch = verifier.take(entry);
      if (batch !== undefined) batches.push(said(batch.verdict));
    }
    const { file, chains } = verifier.finish();
    expect({ file: said(file), batches, chains: chains.map(chainText) }).toEqual({
      file: expected.file,
      batches: expected.batches,
      chains: expected.chains,
    });
    const whole = `${file.kind} ${batches} ${chains.map(chainText)}`;
    const worst = /forged/.test(whole)
      ? 'forged'
      : /incomplete|gaps|forks/.test(whole)
        ? 'incomplete'
        : 'intact';
    expect(worst).toBe(expected.expect);
  });
});

describe('a program without our code', () => {
  const pinned = vectors.filter(({ pins }) => pins.issuers.length > 0);
  test.each(pinned)('$name', async ({ bundle, pins, ...expected }) => {
    const found = await verifySecondBundle(Buffer.from(bundle, 'base64'), pins.issuers[0] ?? '');
    expect([found.worst, found.chains]).toEqual([expected.expect, expected.chains]);
  });
});
