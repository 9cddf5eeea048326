import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { compress, decompress, type Encoding } from '../../src/domain/body.ts';

// Node's zstdCompressSync appends an empty frame where the first one exactly fills its chunk of 16 KiB.
test.each<Encoding>(['zstd', 'deflate'])(
  'a body packed by %s is one frame, also where that exactly fills the chunks it is made in',
  (enc) => {
    const noise = randomBytes(2 * 16_384);
    const lengths = new Set<number>();
    for (let taken = noise.length - 80; taken <= noise.length; taken++) {
      const body = noise.subarray(0, taken);
      const packed = compress(body, enc);
      lengths.add(packed.length);
      expect(decompress(packed, enc, taken).equals(body)).toBe(true);
    }
    expect(lengths).toContain(2 * 16_384);
  },
);

test('a packed body keeps no more memory than it needs', () => {
  const body = Buffer.alloc(500_000, 'a');
  expect(compress(body, 'zstd').buffer.byteLength).toBeLessThan(100_000);
});
