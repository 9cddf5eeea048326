import { consume } from '../../src/consumer/consume.ts';
import { createQuarantine } from '../../src/consumer/quarantine.ts';
import { createLog } from '../../src/lambda/log.ts';
import type { StoredBatch } from '../../src/store/batch-store.ts';
import type { IssuedGrant } from '../fake/token-service.ts';
import { signer } from '../fixture/batches.ts';
import { kinesisEvent } from '../fixture/kinesis-event.ts';
import { grantFor } from '../fixture/stored.ts';
import type { TakenRecord } from './door.ts';

export interface StoredAll {
  /** By the key of the table: `to`, batch id. */
  readonly rows: ReadonlyMap<string, StoredBatch>;
  /** Records that the consumer put aside, and why. */
  readonly aside: string[];
}

/** Gives the stream's records to the consumer's own code, in invocations of 100, with an insert-only store. */
export async function storeAll(
  records: readonly TakenRecord[],
  grants: readonly IssuedGrant[],
): Promise<StoredAll> {
  const rows = new Map<string, StoredBatch>();
  const aside: string[] = [];
  const known = new Map(
    grants.map(({ id, key }) => [id, grantFor(signer(), { key, jti: id, sub: 'billing' })]),
  );
  const keep = async (_: string, body: string) => {
    aside.push(...body.trimEnd().split('\n'));
  };
  const quarantine = createQuarantine({
    now: Date.now,
    async put(key, body) {
      await keep(key, body);
      return 'created';
    },
  });
  for (let at = 0; at < records.length; at += 100) {
    await consume(
      kinesisEvent(records.slice(at, at + 100), at),
      { id: String(at), signal: AbortSignal.timeout(60_000) },
      {
        writer: {
          noteDays: async (batches) => batches.map(() => 'stored'),
          appendFeed: async (batches) => batches.map(() => 'stored'),
          insert: async (batches) =>
            batches.map((batch) => {
              const key = `${batch.to}#${batch.id}`;
              if (rows.has(key)) return 'present';
              rows.set(key, batch);
              return 'stored';
            }),
        },
        grants: async () => known,
        quarantine,
        redrive: keep,
        usage: async () => {},
        log: createLog('crash', () => {}),
      },
    );
  }
  return { rows, aside };
}
