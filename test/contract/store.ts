import { afterAll, beforeAll, describe } from 'vitest';
import type { OpenStore } from './open-store.ts';
import { batchesContract } from './store-batches.ts';
import { feedContract } from './store-feed.ts';
import { scansContract } from './store-scans.ts';

export interface StoreUnderTest {
  readonly name: string;
  /** A batch of over 400 KB is refused, as DynamoDB does. */
  readonly hasItemLimit: boolean;
  readonly skip?: boolean;
  open(): Promise<OpenStore>;
}

/** What BatchWriter and BatchReader promise, whatever keeps it. */
export function storeContract({ name, hasItemLimit, skip = false, open }: StoreUnderTest): void {
  describe.skipIf(skip)(name, () => {
    let store: OpenStore | undefined;
    beforeAll(async () => {
      store = await open();
    });
    afterAll(() => store?.close());
    const opened = () => {
      if (store === undefined) throw new Error('the store is not open');
      return store;
    };
    batchesContract(opened, hasItemLimit);
    scansContract(opened);
    feedContract(opened);
  });
}
