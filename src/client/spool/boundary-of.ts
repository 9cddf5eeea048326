import type { SealedBatch } from '../sealed-batch.ts';
import type { Boundary } from './frame.ts';

/** What is logged of a batch. `next`: where the range of one without entries lies. */
export function boundaryOf({ batch, entries }: SealedBatch, next: number): Boundary {
  const { id, client, producer, seq, prev, root, count, from, to, sealed, fin } = batch;
  const first = entries[0]?.number ?? next;
  const end = (entries.at(-1)?.number ?? next - 1) + 1;
  return { id, client, producer, seq, prev, root, first, end, count, from, to, sealed, fin };
}
