/** 10 bits a term and 7 probes: one false answer in a hundred. */
const bitsPerTerm = 10;
const probes = 7;
/** A fuller filter would cost more to read than the bodies that it saves. */
const maxBytes = 4096;
/** Of more terms than the largest filter has bits, it would say yes to everything: they need not be collected. */
export const maxTerms = maxBytes * 8;

/**
 * A Bloom filter over a batch's terms: bit i is bit i mod 8 of byte ⌊i / 8⌋. Probe k of a term is
 * (h1 + k·h2) mod bits, with h1 and h2 two differently seeded FNV-1a hashes over its UTF-16 code units,
 * finished as murmur3 does. It is an index, not a proof: nothing is secret and nothing is trusted in it.
 */
export function bloomOf(terms: ReadonlySet<string>): Buffer {
  if (terms.size > maxTerms) return Buffer.alloc(maxBytes, 0xff);
  const bytes = Math.min(Math.max(Math.ceil((terms.size * bitsPerTerm) / 8), 1), maxBytes);
  const filter = Buffer.alloc(bytes);
  for (const term of terms) {
    const [first, second] = hashesOf(term);
    for (let k = 0; k < probes; k++) {
      const bit = probe(first, second, k, bytes * 8);
      filter[bit >> 3] = (filter[bit >> 3] ?? 0) | (1 << (bit & 7));
    }
  }
  return filter;
}

/** False only if no event of the batch has this term. */
export function mayContain(filter: Uint8Array, term: string): boolean {
  const [first, second] = hashesOf(term);
  for (let k = 0; k < probes; k++) {
    const bit = probe(first, second, k, filter.length * 8);
    if (((filter[bit >> 3] ?? 0) & (1 << (bit & 7))) === 0) return false;
  }
  return true;
}

/** Both in one pass. */
function hashesOf(term: string): [number, number] {
  let first = 0x811c9dc5;
  let second = 0x9747b28c;
  for (let i = 0; i < term.length; i++) {
    const unit = term.charCodeAt(i);
    first = Math.imul(first ^ unit, 0x01000193);
    second = Math.imul(second ^ unit, 0x01000193);
  }
  return [finished(first), finished(second) | 1];
}

function probe(first: number, second: number, k: number, bits: number): number {
  return ((first + Math.imul(k, second)) >>> 0) % bits;
}

function finished(sum: number): number {
  let h = Math.imul(sum ^ (sum >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
