import type { Filter } from '../domain/query.ts';

/** What a reader is kept to, whatever it asks for: a viewer token's filter, and its range of time. */
export interface Bounds {
  readonly filter: Filter;
  /** Epoch ms: `from` ≤ time < `to`. */
  readonly from: number;
  readonly to: number;
  /** Whether it may have proofs, which tell of the whole batch that an event is in. */
  readonly proof?: boolean;
}

interface Asked extends Bounds {
  /** The words of the question: what a cursor is bound to. */
  readonly question: string;
}

/**
 * The question within the reader's bounds. `strict` then leaves out what cannot be known to match: a faulty line,
 * which a tenant's own reader is shown whatever it asks for, may be somebody else's.
 */
export function withinBounds<T extends Asked>(
  asked: T,
  bounds: Bounds | undefined,
): T & { readonly strict: boolean } {
  if (bounds === undefined) return { ...asked, strict: false };
  const from = Math.max(asked.from, bounds.from);
  return {
    ...asked,
    filter: [...bounds.filter, ...asked.filter],
    from,
    // Where the two do not meet: nothing, rather than a range that ends before it starts.
    to: Math.max(Math.min(asked.to, bounds.to), from),
    question: JSON.stringify([asked.question, bounds]),
    strict: true,
  };
}
