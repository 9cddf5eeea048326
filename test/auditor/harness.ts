import { audit } from '../../src/auditor/audit.ts';
import { judge, type Verdict } from '../../src/domain/judge-producer.ts';
import type { SeenBatch } from '../../src/domain/producer.ts';
import { createLog } from '../../src/lambda/log.ts';
import { feedLagMs } from '../../src/store/feed.ts';
import type { ProducerList, ProducerStore } from '../../src/store/producer-store.ts';
import { MemoryProducers } from '../fake/memory-producers.ts';
import { MemoryStore } from '../fake/memory-store.ts';
import { aProducer, born } from '../fixture/producer-life.ts';
import { anyBatch } from '../fixture/stored-batch.ts';

export const graceMs = 120_000;
const retentionDays = 30;

/** The auditor over a feed in memory, with a clock that only tests move. */
export function auditorHarness<Producers extends ProducerStore & ProducerList = MemoryProducers>(
  producers = new MemoryProducers() as ProducerStore & ProducerList as Producers,
) {
  const clock = { now: born };
  const feed = new MemoryStore(() => clock.now);
  const tenants = new Set<string>();
  const malformed = new Set<string>();
  const logged: string[] = [];
  let items = 0;

  return {
    clock,
    feed,
    producers,
    tenants,
    /** Tenants whose rows cannot be read. */
    malformed,
    /** One item of the feed, stored now. */
    async store(
      batches: readonly SeenBatch[],
      { tenant = 'acme', client = 'billing', shard = 0 } = {},
    ) {
      tenants.add(tenant);
      const rows = batches.map(({ seq, id, prev, fin }) =>
        anyBatch({ tenant, client, shard, producer: aProducer, seq, id, prev, fin }),
      );
      await feed.appendFeed(rows, `invocation-${String(items++).padStart(6, '0')}`);
      clock.now += 1;
    },
    /** A run, as soon as all that was stored may be read; `ms`: its time. Gives what it counted. */
    async run(ms = 45_000): Promise<Record<string, number>> {
      clock.now += feedLagMs;
      const from = logged.length;
      await audit(clock.now + ms, {
        listTenants: async (onMalformed) => {
          for (const id of malformed) onMalformed(new TypeError(`row tenant#${id}`));
          return [...tenants]
            .filter((id) => !malformed.has(id))
            .map((id) => ({ id, retentionDays }));
        },
        reader: feed,
        producers,
        graceMs,
        log: createLog('test', (line) => logged.push(line)),
        now: () => clock.now,
      });
      return countsOf(logged.slice(from));
    },
    async verdict(tenant = 'acme'): Promise<Verdict | undefined> {
      const { producers: found } = await producers.list(tenant, { after: undefined, limit: 10 });
      const [first] = found;
      return (
        first && judge(first.state, { producer: first.producer, retentionDays, now: clock.now })
      );
    },
    logged,
  };
}

/** By metric, the sum of what was counted. */
function countsOf(lines: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of lines) {
    const { _aws, ...fields } = JSON.parse(line);
    const name = _aws?.CloudWatchMetrics[0].Metrics[0].Name;
    if (name !== undefined) counts[name] = (counts[name] ?? 0) + fields[name];
  }
  return counts;
}
