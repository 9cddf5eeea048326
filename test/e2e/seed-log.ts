import { batchId } from '../../src/domain/manifest.ts';
import { signBatch } from '../../src/domain/seal.ts';
import { uuidSource } from '../../src/domain/uuid.ts';
import { sampleEvents } from '../../src/local/demo/sample-events.ts';
import type { Pipeline } from '../fixture/pipeline.ts';
import { composed, put, type Tenant, vend } from '../fixture/vended.ts';

const mint = uuidSource();
/** Events of one batch lie within it, ms. */
const span = 50_000;

export interface SeedOptions {
  readonly events: number;
  /** Over which they are spread, until now. */
  readonly hours: number;
  /** Events of a batch. */
  readonly size?: number;
}

/**
 * Fills a tenant's log with realistic events of the hours until now, sealed in batches of one producer's chain.
 *
 * @returns the lines, oldest first
 */
export async function seedLog(
  pipeline: Pipeline,
  tenant: Tenant,
  { events, hours, size = 500 }: SeedOptions,
): Promise<string[]> {
  const vended = await vend(pipeline.url, tenant);
  const end = Date.now() - 1000;
  const start = end - hours * 3_600_000;
  const batches = Math.ceil(events / size);
  const producer = mint(Date.now());
  let clock = start;
  const next = sampleEvents(() => clock);
  let prev: string | null = null;
  const lines: string[] = [];
  const records: Buffer[] = [];
  for (let seq = 0; seq < batches; seq++) {
    const from = start + ((end - span - start) * seq) / Math.max(1, batches - 1);
    const count = Math.min(size, events - lines.length);
    const own = Array.from({ length: count }, (_, i) => {
      clock = Math.floor(from + (span * i) / count);
      return JSON.stringify(next());
    });
    lines.push(...own);
    const batch = composed(
      own.map((line) => Buffer.from(line)),
      { client: vended.client, producer, seq, prev, enc: 'deflate' },
    );
    prev = batchId(batch);
    records.push(signBatch(batch, vended.grantId, vended.key));
  }
  for (let at = 0; at < records.length; at += 20)
    await put(vended, records.slice(at, at + 20), (i) => `${at + i}`);
  await pipeline.drained();
  return lines;
}
