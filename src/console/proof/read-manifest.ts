import { limits } from '../../domain/limits.ts';
import { digestForm, hasMembers, idForm, isText, isWhole, timeOf, uuidV7Form } from './forms.ts';
import type { Jws } from './jws.ts';

/** What the page needs of a manifest. Times are epoch ms. */
export interface Manifest {
  readonly client: string;
  readonly seq: number;
  readonly root: string;
  readonly count: number;
  readonly from: number;
  readonly to: number;
  /** What the batch id is the digest of. */
  readonly identity: string;
}

const members = 'v client producer seq prev root count from to fin enc len size sealed';

/** Undefined unless the payload is as FORMAT.md, section 2, says. */
export function readManifest({ payload }: Jws): Manifest | undefined {
  if (!hasMembers(payload, members) || payload['v'] !== 1) return undefined;
  const { client, producer, seq, prev, root, count, from, to, fin } = payload;
  const { enc, len, size, sealed } = payload;
  const [start, end] = [timeOf(from), timeOf(to)];
  if (!isText(client, idForm) || !isText(producer, uuidV7Form)) return undefined;
  if (!isWhole(seq, 0, Number.MAX_SAFE_INTEGER) || !isText(root, digestForm)) return undefined;
  if (seq === 0 ? prev !== null : !isText(prev, digestForm)) return undefined;
  if (start === undefined || end === undefined || timeOf(sealed) === undefined) return undefined;
  if (end < start || end - start > limits.spanMs || typeof fin !== 'boolean') return undefined;
  if (enc !== 'zstd' && enc !== 'deflate' && enc !== 'identity') return undefined;
  if (!isWhole(count, 0, limits.events) || !isWhole(len, 0, Number.MAX_SAFE_INTEGER))
    return undefined;
  if (!isWhole(size, 0, Math.min(limits.size, limits.ratio * len + limits.ratioSlack)))
    return undefined;
  const isEmpty = fin && from === sealed && to === sealed && enc === 'identity';
  if (count === 0 && !(isEmpty && len === 0 && size === 0)) return undefined;
  const identity = JSON.stringify([1, client, producer, seq, prev, root, count, from, to, fin]);
  return { client, seq, root, count, from: start, to: end, identity };
}
