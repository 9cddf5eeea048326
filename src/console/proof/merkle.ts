import { type Bytes, joined, sha256 } from './bytes.ts';

const node = (left: Bytes, right: Bytes) => sha256(joined(Uint8Array.of(1), left, right));

/** The root (RFC 6962 §2.1) that `path` leads to from the line at `index` of `count`; undefined if it does not fit. */
export async function rootFromPath(
  line: Bytes,
  index: number,
  count: number,
  path: readonly Bytes[],
): Promise<Bytes | undefined> {
  if (!Number.isInteger(index) || index < 0 || index >= count) return undefined;
  const rest = [...path];
  let hash = await sha256(joined(Uint8Array.of(0), line));
  for (let at = index, last = count - 1; last > 0; at >>= 1, last >>= 1) {
    if (at % 2 === 0 && at === last) continue; // no neighbour at this level
    const sibling = rest.shift();
    if (sibling?.length !== 32) return undefined;
    hash = at % 2 === 1 ? await node(sibling, hash) : await node(hash, sibling);
  }
  return rest.length === 0 ? hash : undefined;
}
