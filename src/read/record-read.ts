import type { AppendBatch } from './append-batch.ts';
import { auditBatch, quarterMs, type Read } from './audit-event.ts';

interface RecordReadOptions {
  readonly append: AppendBatch;
  /** Epoch ms. */
  readonly now: () => number;
}

/** Batches that are known to be on the stream, of the current quarter of an hour. */
const maxKnown = 10_000;

/**
 * Records a read in the tenant's log, once a reader, route, names of filters and quarter of an hour: a tail that asks
 * every second writes four events an hour, and finds those too. Throws if it is not on the stream after two tries.
 */
export function recordReads({ append, now }: RecordReadOptions) {
  const known = new Map<string, Promise<void>>();
  let quarter = 0;

  return (read: Omit<Read, 'at'>): Promise<void> => {
    const at = now();
    const current = at - (at % quarterMs);
    if (current !== quarter || known.size >= maxKnown) known.clear();
    quarter = current;
    const { tenant, reader, request, filters } = read;
    const key = JSON.stringify([tenant, reader.keyId, reader.viewer ?? null, request, filters]);
    const before = known.get(key);
    if (before !== undefined) return before;
    const written = append(tenant, auditBatch({ ...read, at }));
    known.set(key, written);
    // What failed is tried again by the next page.
    written.catch(() => known.get(key) === written && known.delete(key));
    return written;
  };
}
