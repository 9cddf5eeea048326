import type { PutResult } from '../client/put-records.ts';
import type { Session } from '../client/session.ts';
import { SealtrailError } from '../domain/error.ts';
import { type Batch, signBatch } from '../domain/seal.ts';

interface AppendOptions {
  /** What may write to this tenant's log; `unregistered`: it has none. */
  readonly session: (tenant: string) => Promise<Session | 'unregistered'>;
  /** Puts one record on the stream. */
  readonly put: (session: Session, key: string, record: Buffer) => Promise<PutResult | undefined>;
}

/** Puts a batch of the reader's own on the stream. Throws if it is not there after two tries. */
export type AppendBatch = (tenant: string, batch: Batch) => Promise<void>;

export function appendBatch({ session, put }: AppendOptions): AppendBatch {
  return async (tenant, batch) => {
    const opened = await session(tenant);
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
  };
}
