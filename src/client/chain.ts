import { limits } from '../domain/limits.ts';
import { type Batch, type BatchContent, compose } from '../domain/seal.ts';
import { type Draft, draftOf } from './draft.ts';
import type { SealedBatch } from './sealed-batch.ts';

/** A body that leaves room for the largest manifest and its LF. */
const maxBody = limits.record - limits.manifest - 1;
const gone = Buffer.alloc(0);

/**
 * One producer's numbering. A batch takes its number and its predecessor's id as it is composed, so that
 * several can be in flight; what was numbered once is never composed anew.
 */
export class Chain {
  /** The grant's: a producer belongs to one client and spans its grants. */
  readonly client: string;
  readonly #producer: string;
  #seq: number;
  #prev: string | null;

  /** `next`: the place of the first batch. */
  constructor(
    producer: string,
    client: string,
    next: { readonly seq: number; readonly prev: string | null } = { seq: 0, prev: null },
  ) {
    this.client = client;
    this.#producer = producer;
    this.#seq = next.seq;
    this.#prev = next.prev;
  }

  /** Batches numbered. */
  get length(): number {
    return this.#seq;
  }

  /** One batch, or more if it would not pack into one record. `sealed`: the server's time, epoch ms. */
  seal(draft: Draft, sealed: number): SealedBatch[] {
    const { entries, from, to } = draft;
    const lines = entries.map((entry) => entry.event.line);
    const batch = compose(this.#content({ lines, from, to, sealed, fin: false }));
    if (batch.body.length > maxBody)
      return halves(draft).flatMap((half) => this.seal(half, sealed));
    this.#number(batch);
    // The lines are in the body now: let go of them.
    for (const entry of entries) entry.event.line = gone;
    return [{ batch, entries, to, bytes: draft.bytes, resent: 0, attempts: 0, notBefore: 0 }];
  }

  /** The empty batch that ends the chain. */
  fin(sealed: number): SealedBatch {
    const at = { from: sealed, to: sealed, sealed };
    const batch = compose(this.#content({ lines: [], ...at, fin: true }));
    this.#number(batch);
    return { batch, entries: [], to: sealed, bytes: 0, resent: 0, attempts: 0, notBefore: 0 };
  }

  #content(rest: Pick<BatchContent, 'lines' | 'from' | 'to' | 'sealed' | 'fin'>): BatchContent {
    const place = { producer: this.#producer, seq: this.#seq, prev: this.#prev };
    return { client: this.client, ...place, ...rest };
  }

  #number(batch: Batch): void {
    this.#seq += 1;
    this.#prev = batch.id;
  }
}

/** A single line always fits: it is at most 64 KiB. */
function halves({ entries }: Draft): Draft[] {
  const middle = entries.length >> 1;
  return [draftOf(entries.slice(0, middle)), draftOf(entries.slice(middle))];
}
