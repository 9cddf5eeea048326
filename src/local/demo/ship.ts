import { createAuditClient } from '../../client/index.ts';
import type { Event } from '../../domain/event.ts';
import type { DemoTenant } from './tenants.ts';

/** What became of the events of one tenant. */
export interface Shipped {
  /** The exact lines that were recorded, by event id. */
  readonly lines: ReadonlyMap<string, string>;
  readonly recorded: number;
  readonly accepted: number;
  readonly committed: number;
  readonly batches: number;
  readonly wireBytes: number;
  /** From `record()` until accepted, and until stored, ms, an event each. */
  readonly acceptedMs: readonly number[];
  readonly committedMs: readonly number[];
}

/**
 * Records events through the SDK, with credentials vended for this tenant, and waits until every one is
 * seen to be stored.
 */
export async function ship(
  url: string,
  { apiKey }: DemoTenant,
  events: Iterable<Event>,
  onCommitted: () => void,
): Promise<Shipped> {
  const audit = createAuditClient({ url, apiKey });
  const lines = new Map<string, string>();
  const acceptedMs: number[] = [];
  const committedMs: number[] = [];
  const waiting: Promise<void>[] = [];
  for (const event of events) {
    lines.set(event.id, JSON.stringify(event));
    const started = Date.now();
    const recorded = audit.record(event, { until: 'committed' }).then((receipt) => {
      acceptedMs.push(Date.parse(receipt.acceptedAt) - started);
      committedMs.push(Date.now() - started);
      onCommitted();
    });
    waiting.push(recorded);
    // Lets what was recorded so far be sealed and sent: an application records between other work too.
    if (waiting.length % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await audit.flush();
  await Promise.all(waiting);
  await audit.close();
  const { recorded, accepted, committed, batches, wireBytes } = audit.stats();
  return { lines, recorded, accepted, committed, batches, wireBytes, acceptedMs, committedMs };
}
