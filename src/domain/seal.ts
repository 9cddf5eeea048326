import type { KeyObject } from 'node:crypto';
import { compress, type Encoding } from './body.ts';
import { toTime } from './encoding.ts';
import { SealtrailError } from './error.ts';
import { signJws } from './jws.ts';
import { limits } from './limits.ts';
import { batchId, type Identity, type Manifest, manifestHeader } from './manifest.ts';
import { merkleRoot } from './merkle.ts';

/** A batch whose boundaries and content are settled, and which anybody's current grant may sign. */
export interface Batch extends Identity {
  readonly id: string;
  /** When it was composed. */
  readonly sealed: string;
  readonly enc: Encoding;
  readonly size: number;
  readonly body: Buffer;
}

export interface BatchContent {
  readonly client: string;
  /** UUIDv7 of the producer that numbers its batches. */
  readonly producer: string;
  readonly seq: number;
  readonly prev: string | null;
  /** Event lines without LF, each ≤ `limits.line`; at most `limits.events`. */
  readonly lines: readonly Buffer[];
  /** Earliest and latest event time, epoch ms; of no lines: `sealed`. */
  readonly from: number;
  readonly to: number;
  readonly fin: boolean;
  /** Epoch ms. */
  readonly sealed: number;
}

const lf = Buffer.from('\n');

/**
 * Settles a batch: hashes its lines, compresses its body, computes its id. The lines were validated when
 * they were recorded. Throws `lines-invalid`, `size-mismatch` or `span-exceeded` beyond the limits.
 */
export function compose(content: BatchContent, enc: Encoding = 'zstd'): Batch {
  const { lines, sealed, from, to, ...rest } = content;
  if (lines.length > limits.events || (lines.length === 0 && !content.fin))
    throw new SealtrailError('lines-invalid', `${lines.length} events in a batch`);
  if (to - from > limits.spanMs)
    throw new SealtrailError('span-exceeded', `${to - from} ms between events of a batch`);
  const plain = Buffer.concat(lines.flatMap((line) => [line, lf]));
  if (plain.length > limits.size)
    throw new SealtrailError('size-mismatch', `${plain.length} bytes in a batch`);
  const packed = lines.length === 0 ? { enc: 'identity' as const, body: plain } : pack(plain, enc);
  const identity = {
    ...rest,
    root: merkleRoot(lines).toString('base64url'),
    count: lines.length,
    from: toTime(from),
    to: toTime(to),
  };
  return {
    ...identity,
    ...packed,
    id: batchId(identity),
    size: plain.length,
    sealed: toTime(sealed),
  };
}

/** A body that compresses too well would be refused as a bomb: it is sent as it is, if that fits. */
function pack(plain: Buffer, enc: Encoding): { readonly enc: Encoding; readonly body: Buffer } {
  const body = compress(plain, enc);
  const fits = plain.length <= limits.ratio * body.length + limits.ratioSlack;
  return fits && body.length < plain.length ? { enc, body } : { enc: 'identity', body: plain };
}

/** Signs a batch under a grant: the record that goes on the stream. The same bytes for the same grant and key. */
export function signBatch(batch: Batch, grantId: string, key: KeyObject): Buffer {
  const manifest: Manifest = {
    v: 1,
    client: batch.client,
    producer: batch.producer,
    seq: batch.seq,
    prev: batch.prev,
    root: batch.root,
    count: batch.count,
    from: batch.from,
    to: batch.to,
    fin: batch.fin,
    enc: batch.enc,
    len: batch.body.length,
    size: batch.size,
    sealed: batch.sealed,
  };
  const jws = signJws(manifestHeader(grantId), JSON.stringify(manifest), key);
  return Buffer.concat([Buffer.from(jws, 'latin1'), lf, batch.body]);
}
