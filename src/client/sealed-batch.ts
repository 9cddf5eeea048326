import { type Batch, signBatch } from '../domain/seal.ts';
import type { Entry } from './entry.ts';
import type { Session } from './session.ts';

/** A batch on its way to the stream. */
export interface SealedBatch {
  readonly batch: Batch;
  /** What it holds; their lines are in the batch's body. */
  readonly entries: readonly Entry[];
  /** Latest event time, epoch ms: it is not sent before the server's clock says so. */
  readonly to: number;
  /** Of its entries, in the buffer. */
  readonly bytes: number;
  /** How often it was sent again because it was not seen to be stored; its entries are told already. */
  readonly resent: number;
  /** Sends that failed. */
  attempts: number;
  /** Times that its shard was too busy: each time it goes by another partition key. */
  throttles?: number;
  /** Machine's clock, epoch ms. */
  notBefore: number;
  /** The record that was made last. */
  signed?: { readonly grantId: string; readonly record: Buffer };
}

/**
 * Order is the chain's, so batches spread over all shards by their ids; and one whose shard is busy is put
 * to another (half of the keys of a stream of two are), as an id goes by any key.
 */
export function partitionKeyOf({ batch, throttles = 0 }: SealedBatch): string {
  return throttles === 0 ? batch.id : `${batch.id}.${throttles}`;
}

/**
 * The record to send under this session's grant. Under one grant it is made once, so that every retry
 * is the same bytes; under another the same batch is signed again, and keeps its id.
 */
export function recordUnder(session: Session, sealed: SealedBatch): Buffer {
  if (sealed.signed?.grantId !== session.grantId) {
    const record = signBatch(sealed.batch, session.grantId, session.key);
    sealed.signed = { grantId: session.grantId, record };
  }
  return sealed.signed.record;
}
