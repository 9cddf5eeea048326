import { toTime } from '../domain/encoding.ts';
import { limits } from '../domain/limits.ts';
import { markOf } from '../domain/producer.ts';
import { endsEarly } from '../domain/retention.ts';
import { describeError, type Log } from '../lambda/log.ts';
import { readClient } from '../lambda/read-grant.ts';
import type { BatchReader, Summary } from '../store/batch-store.ts';
import { dayOf, producerSortKey } from '../store/keys.ts';
import { pageOf } from '../store/marks.ts';
import type { ComparePlace, Comparison, ProducerStore, Untold } from '../store/producer-store.ts';
import type { AuditedTenant } from './audited-tenant.ts';

const dayMs = 86_400_000;
/** Queries of summaries a run, over all tenants; each is of 200 at most. */
const maxQueries = 60;
const pageSize = 200;
/** Batches that are kept in mind of a tenant; while there are as many, nothing more is compared. */
const maxUntold = 100;
/** A batch is untold only once the feed was followed to a time this long after it was found stored, ms: stored, and then told. */
const graceMs = 10 * 60_000;
/** What arrived so shortly before the place in the feed is not compared yet, ms. */
const settleMs = 15 * 60_000;
/** It is shown until retention takes it, but counted for a day: it is known by then. */
const countedMs = 26 * 3_600_000;

/** The last day again and again, since what an attacker hides or a clock spoils is mostly new; and all days, in turn. */
const sweeps = [
  ['recent', 26 * 3_600_000],
  ['all', Number.POSITIVE_INFINITY],
] as const;

export interface CompareOptions {
  readonly tenants: readonly AuditedTenant[];
  readonly reader: BatchReader;
  readonly producers: ProducerStore;
  /** Up to which time each tenant's feed was followed, epoch ms. */
  readonly upTo: ReadonlyMap<string, number>;
  readonly log: Log;
  /** Epoch ms. */
  readonly now: () => number;
  /** Epoch ms after which nothing more is begun. */
  readonly deadline: number;
  /** Queries of summaries, over all tenants; for tests. */
  readonly maxQueries?: number;
}

/**
 * Compares what is stored, by its summaries, with what the feed has told, which the marks of producers hold: a batch that
 * no item of the feed names is hidden from those who follow the feed, and if it is its producer's last, from the
 * gaps too. Bounded per run, each tenant in turn from where it stood; and what was found is looked for again.
 */
export async function compareStored(options: CompareOptions): Promise<void> {
  const { tenants, producers, log, now, deadline } = options;
  const known = await producers.comparisons(tenants.map(({ id }) => id));
  const start = tenants.length === 0 ? 0 : Math.floor(now() / 60_000) % tenants.length;
  const budget = { queries: options.maxQueries ?? maxQueries };
  let untold = 0;
  for (const tenant of [...tenants.slice(start), ...tenants.slice(0, start)]) {
    if (now() >= deadline || budget.queries <= 0) break;
    try {
      const before = known.get(tenant.id) ?? { places: {}, untold: [] };
      const after = await new TenantComparison(tenant, before, budget, options).run();
      untold += countedIn(after, options.upTo.get(tenant.id) ?? 0);
      if (JSON.stringify(after) !== JSON.stringify(before))
        await producers.saveComparison(tenant.id, after);
    } catch (error) {
      // This tenant waits for the next run; the others do not.
      log.error('what is stored could not be compared', {
        tenant: tenant.id,
        ...describeError(error),
      });
    }
  }
  log.count('BatchesUntold', untold);
}

function countedIn({ untold }: Comparison, upTo: number): number {
  return untold.filter(({ since }) => since + graceMs <= upTo && since + countedMs > upTo).length;
}

class TenantComparison {
  readonly #tenant: AuditedTenant;
  readonly #budget: { queries: number };
  readonly #options: CompareOptions;
  readonly #places: Record<string, ComparePlace | undefined>;
  #untold: readonly Untold[];

  constructor(
    tenant: AuditedTenant,
    before: Comparison,
    budget: { queries: number },
    options: CompareOptions,
  ) {
    this.#tenant = tenant;
    this.#budget = budget;
    this.#options = options;
    this.#places = { ...before.places };
    this.#untold = before.untold;
  }

  async run(): Promise<Comparison> {
    // What has been told meanwhile, or is over, goes; a row that was told of late is as good as any.
    this.#untold = (await this.#untoldOf(this.#untold)).filter(({ key }) => this.#isKept(key));
    // Each has its share, or the last day of a busy tenant would leave nothing for the others.
    for (const [i, [name, spanMs]] of sweeps.entries())
      await this.#sweep(name, spanMs, Math.ceil(this.#budget.queries / (sweeps.length - i)));
    return { places: this.#places, untold: this.#untold };
  }

  /** Goes on from where it stood, to the end at most: then it begins again with the next run. */
  async #sweep(name: string, spanMs: number, share: number): Promise<void> {
    const least = this.#budget.queries - share;
    const { reader, now, deadline } = this.#options;
    const first = dayOf(toTime(Math.max(0, now() - spanMs)));
    const place = this.#places[name];
    const from = place === undefined || place.day < first ? first : place.day;
    const days = reader.days(this.#tenant.id, {
      kind: 'batches',
      from,
      to: dayOf(toTime(now() + dayMs)),
      order: 'asc',
    });
    for await (const { day, shards } of days)
      for (const shard of shards.toSorted((a, b) => a - b)) {
        if (place?.day === day && shard < place.shard) continue;
        let after = place?.day === day && shard === place.shard ? place.after : undefined;
        for (let more = true; more; ) {
          const isFull = this.#untold.length >= maxUntold;
          if (this.#budget.queries <= least || isFull || now() >= deadline) {
            this.#places[name] = { day, shard, after };
            return;
          }
          this.#budget.queries -= 1;
          const page = await reader.summaries(this.#tenant.id, {
            day,
            shard,
            order: 'asc',
            start: after === undefined ? undefined : { key: after, inclusive: false },
            limit: pageSize,
          });
          await this.#compare(page.summaries);
          after = page.summaries.at(-1)?.key ?? after;
          more = page.more && page.summaries.length > 0;
        }
      }
    delete this.#places[name];
  }

  async #compare(summaries: readonly Summary[]): Promise<void> {
    const { log, now } = this.#options;
    const { id: tenant, retentionDays, leastRetentionDays = retentionDays } = this.#tenant;
    const odd = summaries.filter((each) => !isWhole(each) || endsEarly(each, leastRetentionDays));
    if (odd.length > 0) {
      log.count('IntegrityErrors', odd.length);
      const batches = odd.slice(0, 10).map(({ key, shard }) => `${key}#${shard}`);
      log.error('rows end early, or are of another form', { tenant, batches });
    }
    const known = new Set(this.#untold.map(({ key, shard }) => `${key}#${shard}`));
    const settled = summaries
      .filter((each) => isWhole(each) && this.#isSettled(each) && this.#isKept(each.key))
      // The record of a read is a chain of its own: the auditor passes over it in the feed too.
      .filter(({ client, seq }) => !(client === readClient && seq === 0))
      .filter(({ key, shard }) => !known.has(`${key}#${shard}`))
      .map(({ client, producer, seq, key, shard }) => ({
        ...{ client, producer, seq, key, shard },
        since: now(),
      }));
    const found = await this.#untoldOf(settled);
    if (found.length > 0)
      log.warn('stored, and not told of by the feed so far', {
        tenant,
        batches: found.slice(0, 10).map(({ key, shard }) => `${key}#${shard}`),
      });
    this.#untold = [...this.#untold, ...found];
  }

  /** Those that no item of the feed has named, as far as it was followed. */
  async #untoldOf(batches: readonly Untold[]): Promise<Untold[]> {
    if (batches.length === 0) return [];
    const { producers } = this.#options;
    const groups = Map.groupBy(batches, ({ client, producer }) =>
      producerSortKey(client, producer),
    );
    const asked = [...groups.values()].map((group) => {
      const { client, producer } = group[0] as Untold;
      return { client, producer, pages: [...new Set(group.map(({ seq }) => pageOf(seq)))] };
    });
    const [marks, states] = await Promise.all([
      producers.marks(this.#tenant.id, asked),
      producers.states(this.#tenant.id, asked),
    ]);
    return batches.filter(({ client, producer, seq, key }) => {
      const sortKey = producerSortKey(client, producer);
      const mark = marks.get(sortKey)?.marks.get(seq);
      if (mark === undefined) return true;
      if (mark === markOf(key.slice(key.indexOf('#') + 1))) return false;
      // Of two batches with one number only the first one's mark is kept; that the other was told of, its state says.
      const state = states.get(sortKey)?.state;
      return state === undefined || !(state.moreForks || state.doubled.includes(seq));
    });
  }

  /** By its arrival, unless that is no time that can have been: nobody signed it. */
  #isSettled({ arrival }: Summary): boolean {
    const upTo = this.#options.upTo.get(this.#tenant.id) ?? 0;
    return !(arrival > upTo - settleMs && arrival <= this.#options.now() + limits.aheadMs);
  }

  /** Whether marks of its time are kept in any case: they go with their producer, by the retention of now. */
  #isKept(key: string): boolean {
    const { retentionDays, leastRetentionDays = retentionDays } = this.#tenant;
    return Date.parse(key.slice(0, 24)) > this.#options.now() - leastRetentionDays * dayMs;
  }
}

function isWhole({ to, seq, client, producer }: Summary): boolean {
  return !Number.isNaN(to) && Number.isInteger(seq) && seq >= 0 && client !== '' && producer !== '';
}
