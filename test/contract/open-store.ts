import { expect } from 'vitest';
import type { createBatchReader } from '../../src/store/batch-reader.ts';
import type {
  BatchReader,
  BatchWriter,
  StoredBatch,
  Summary,
} from '../../src/store/batch-store.ts';
import { batchSortKey } from '../../src/store/keys.ts';

/** A store that the contract is tried on: empty, and its clock in the test's hand. */
export interface OpenStore {
  readonly writer: BatchWriter;
  readonly reader: BatchReader & Pick<ReturnType<typeof createBatchReader>, 'stored'>;
  /** What the writer takes for now, epoch ms. */
  readonly clock: { now: number };
  close(): Promise<void>;
}

export const keyOf = ({ to, id }: StoredBatch): string => batchSortKey(to, id);
export const placeOf = (batch: StoredBatch) => ({ key: keyOf(batch), shard: batch.shard });
export const soon = () => AbortSignal.timeout(30_000);

/** Stores batches as the consumer does: their days first. */
export async function put({ writer }: OpenStore, batches: readonly StoredBatch[]) {
  await writer.noteDays(batches, soon());
  return writer.insert(batches, soon());
}

/** All summaries of a day and shard, page by page. */
export async function summaries(
  { reader }: OpenStore,
  tenant: string,
  query: Partial<Parameters<BatchReader['summaries']>[1]> = {},
): Promise<Summary[]> {
  const found: Summary[] = [];
  let start = query.start;
  for (let more = true; more; ) {
    const page = await reader.summaries(tenant, {
      day: '2026-03-01',
      shard: 0,
      order: 'asc',
      limit: 100,
      ...query,
      start,
    });
    expect(page.summaries.length).toBeLessThanOrEqual(query.limit ?? 100);
    found.push(...page.summaries);
    const last = page.summaries.at(-1);
    if (last !== undefined) start = { key: last.key, inclusive: false };
    more = page.more;
  }
  return found;
}
