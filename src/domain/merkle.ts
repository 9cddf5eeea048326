import { sha256 } from './encoding.ts';

/** RFC 6962 §2.1: a leaf is hashed behind 0x00, a node behind 0x01, so that neither passes for the other. */
export function leafHash(line: Uint8Array): Buffer {
  const data = Buffer.allocUnsafe(line.length + 1);
  data[0] = 0;
  data.set(line, 1);
  return sha256(data);
}

function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  const data = Buffer.allocUnsafe(65);
  data[0] = 1;
  data.set(left, 1);
  data.set(right, 33);
  return sha256(data);
}

/** One level up: neighbours joined, a last one without a neighbour passed on as it is. */
function above(level: readonly Buffer[]): Buffer[] {
  const next: Buffer[] = [];
  for (let i = 0; i < level.length; i += 2) {
    const left = level[i] as Buffer;
    const right = level[i + 1];
    next.push(right === undefined ? left : nodeHash(left, right));
  }
  return next;
}

/** The Merkle tree hash over event lines (without their LF). Of none: SHA-256 of nothing. */
export function merkleRoot(lines: readonly Uint8Array[]): Buffer {
  if (lines.length === 0) return sha256('');
  let level = lines.map(leafHash);
  while (level.length > 1) level = above(level);
  return level[0] as Buffer;
}

/** The audit path (RFC 6962 §2.1.1) of the line at `index`: its siblings, from the leaf up. */
export function merklePath(lines: readonly Uint8Array[], index: number): Buffer[] {
  const path: Buffer[] = [];
  let level = lines.map(leafHash);
  for (let at = index; level.length > 1; at >>= 1, level = above(level)) {
    const sibling = level[at ^ 1];
    if (sibling !== undefined) path.push(sibling);
  }
  return path;
}

/** The root that `path` leads to from the line at `index` of `count`; undefined if it does not fit. */
export function rootFromPath(
  line: Uint8Array,
  index: number,
  count: number,
  path: readonly Uint8Array[],
): Buffer | undefined {
  if (!Number.isInteger(index) || index < 0 || index >= count) return undefined;
  const rest = [...path];
  let hash = leafHash(line);
  for (let at = index, last = count - 1; last > 0; at >>= 1, last >>= 1) {
    if (at % 2 === 0 && at === last) continue; // no neighbour at this level
    const sibling = rest.shift();
    if (sibling === undefined || sibling.length !== 32) return undefined;
    hash = at % 2 === 1 ? nodeHash(sibling, hash) : nodeHash(hash, sibling);
  }
  return rest.length === 0 ? hash : undefined;
}
