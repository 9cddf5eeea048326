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
  /** Machine's clock, epoch ms. */
  notBefore: number;
  /** The record that was made last. */
  signed?: { readonly grantId: string; readonly record: Buffer };
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
