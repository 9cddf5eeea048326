import { describe, expect, test } from 'vitest';
import { readBundle } from '../../src/domain/bundle.ts';
import type { Chain } from '../../src/domain/chains.ts';
import { BundleVerifier } from '../../src/domain/verify-bundle.ts';
import { verifySecondBundle } from '../fixture/second-bundle.ts';
import { bundleFile } from '../vector/files.ts';
import { fromParts } from '../vector/parts.ts';

const all = bundleFile();
const vectors = all.groups.flatMap(({ pins, cases }) => cases.map((each) => ({ ...each, pins })));

test('there are bundles that are intact, incomplete, and forged in many ways', () => {
  const of = (kind: string) => vectors.filter(({ name }) => name.startsWith(kind)).length;
  expect([of('intact-'), of('incomplete-'), of('forged-')]).toEqual([8, 18, 21]);
  expect(vectors.length).toBe(all.numberOfCases);
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
  test.each(vectors)('$name', async ({ input, pins, ...expected }) => {
    const verifier = new BundleVerifier({ ...pins, issuers: new Set(pins.issuers) });
    async function* chunks() {
      yield fromParts(input);
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
    expect(worst).toBe(expected.result);
  });
});

describe('a program without our code', () => {
  test.each(vectors)('$name', async ({ input, pins, ...expected }) => {
    const found = await verifySecondBundle(fromParts(input), pins);
    expect([found.worst, found.chains]).toEqual([expected.result, expected.chains]);
  });
});
