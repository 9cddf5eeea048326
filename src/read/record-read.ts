import type { PutResult } from '../client/put-records.ts';
import type { Session } from '../client/session.ts';
import { SealtrailError } from '../domain/error.ts';
import { signBatch } from '../domain/seal.ts';
import { auditBatch, minuteMs, type Read } from './audit-event.ts';

interface RecordReadOptions {
  /** What may write to this tenant's log; `unregistered`: it has none. */
  readonly session: (tenant: string) => Promise<Session | 'unregistered'>;
  /** Puts one record on the stream. */
  readonly put: (session: Session, key: string, record: Buffer) => Promise<PutResult | undefined>;
  /** Epoch ms. */
  readonly now: () => number;
}

/** Batches that are known to be on the stream, of the current minute. */
const maxKnown = 10_000;

/**
 * Records a read in the tenant's log, once a key, question and minute: a tail that asks every second writes one event
 * a minute, and finds that one too. Throws if it is not on the stream after two tries.
 */
export function recordReads({ session, put, now }: RecordReadOptions) {
  const known = new Map<string, Promise<void>>();
  let minute = 0;

  async function write(read: Read): Promise<void> {
    const batch = auditBatch(read);
    const opened = await session(read.tenant);
    if (opened === 'unregistered') return;
    const record = signBatch(batch, opened.grantId, opened.key);
    for (let attempt = 1; ; attempt++) {
      const result = await put(opened, batch.id, record).catch((cause: unknown) => {
        if (attempt === 2)
          throw new SealtrailError('unavailable', 'the stream gave no answer', { cause });
        return undefined;
      });
      if (result?.SequenceNumber !== undefined && result.ErrorCode === undefined) return;
      if (attempt === 2)
        throw new SealtrailError('throttled', `the stream took no record: ${result?.ErrorCode}`);
    }
  }

  return (read: Omit<Read, 'at'>): Promise<void> => {
    const at = now();
    const current = at - (at % minuteMs);
    if (current !== minute || known.size >= maxKnown) known.clear();
    minute = current;
    const { tenant, reader, request, query } = read;
    const key = JSON.stringify([tenant, reader.keyId, reader.viewer ?? null, request, query]);
    const before = known.get(key);
    if (before !== undefined) return before;
    const written = write({ ...read, at });
    known.set(key, written);
    // What failed is tried again by the next page.
    written.catch(() => known.get(key) === written && known.delete(key));
    return written;
  };
}
