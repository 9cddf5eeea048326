import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { merklePath, merkleRoot, rootFromPath } from '../../src/domain/merkle.ts';

const linesOf = (minLength: number) =>
  fc.array(fc.uint8Array({ maxLength: 12 }), { minLength, maxLength: 70 });

/** RFC 6962 §2.1, as it is written there: k is the largest power of two smaller than n. */
function naiveRoot(lines: readonly Uint8Array[]): Buffer {
  const n = lines.length;
  if (n === 0) return createHash('sha256').digest();
  if (n === 1)
    return createHash('sha256')
      .update(Buffer.of(0))
      .update(lines[0] ?? '')
      .digest();
  let k = 1;
  while (k * 2 < n) k *= 2;
  return createHash('sha256')
    .update(Buffer.of(1))
    .update(naiveRoot(lines.slice(0, k)))
    .update(naiveRoot(lines.slice(k)))
    .digest();
}

test('the root is the Merkle tree hash of RFC 6962', () => {
  fc.assert(
    fc.property(linesOf(0), (lines) => {
      expect(merkleRoot(lines)).toEqual(naiveRoot(lines));
    }),
  );
});

/** The leaves of Certificate Transparency's own test tree, and its roots at every size. */
test.each([
  [0, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  [1, '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
  [2, 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'],
  [3, 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77'],
  [4, 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7'],
  [5, '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4'],
  [6, '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef'],
  [7, 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c'],
  [8, '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'],
])('the test tree of Certificate Transparency has its known root at size %i', (size, root) => {
  const leaves = [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f',
  ].map((hex) => Buffer.from(hex, 'hex'));
  expect(merkleRoot(leaves.slice(0, size)).toString('hex')).toBe(root);
});

test('the path of every line leads to the root', () => {
  fc.assert(
    fc.property(linesOf(1), (lines) => {
      const root = merkleRoot(lines);
      for (const [i, line] of lines.entries())
        expect(rootFromPath(line, i, lines.length, merklePath(lines, i))).toEqual(root);
    }),
    { numRuns: 50 },
  );
});

test('no path leads to the root from another line, at another index, or with a changed hash', () => {
  fc.assert(
    fc.property(linesOf(1), fc.nat(), fc.nat(), fc.uint8Array(), (all, a, b, other) => {
      // Lines that are all different: equal lines have equal hashes, at whatever index.
      const lines = all.map((line, i) => Buffer.concat([line, Buffer.of(i)]));
      const count = lines.length;
      const i = a % count;
      const line = lines[i] ?? Buffer.alloc(0);
      const path = merklePath(lines, i);
      const root = merkleRoot(lines);
      const leads = (...args: Parameters<typeof rootFromPath>) =>
        rootFromPath(...args)?.equals(root) ?? false;

      for (let j = 0; j < count; j++) if (j !== i) expect(leads(line, j, count, path)).toBe(false);
      if (!line.equals(other)) expect(leads(other, i, count, path)).toBe(false);
      expect(leads(line, i, count, [...path, root])).toBe(false);
      expect(leads(line, i, count, path.slice(1))).toBe(path.length === 0);
      const changed = path.map((hash) => Buffer.from(hash));
      const hash = changed[b % Math.max(path.length, 1)];
      if (hash === undefined) return;
      hash[b % 32] = (hash[b % 32] ?? 0) ^ 1;
      expect(leads(line, i, count, changed)).toBe(false);
    }),
  );
});

test.each([-1, 3, 4, 0.5, Number.NaN, Number.POSITIVE_INFINITY])(
  'there is no line %d in a tree of three',
  (index) => {
    const lines = ['a', 'b', 'c'].map((text) => Buffer.from(text));
    const path = merklePath(lines, 0);
    expect(rootFromPath(Buffer.from('a'), index, 3, path)).toBeUndefined();
  },
);

test('a node does not pass for a leaf', () => {
  const [a, b] = [Buffer.from('a'), Buffer.from('b')];
  const node = Buffer.concat([merkleRoot([a]), merkleRoot([b])]);
  expect(merkleRoot([node])).not.toEqual(merkleRoot([a, b]));
});
