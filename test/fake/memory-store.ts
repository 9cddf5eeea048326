import { fromTime, toTime } from '../../src/domain/encoding.ts';
import type {
  BatchReader,
  BatchWriter,
  FeedEntry,
  Start,
  StoredBatch,
} from '../../src/store/batch-store.ts';
import { batchSortKey, dayOf, shardOf } from '../../src/store/keys.ts';

/** The store's promises, kept in memory: what properties are checked against without a database. */
export class MemoryStore implements BatchWriter, BatchReader {
  readonly #batches = new Map<string, StoredBatch>();
  readonly #feed: {
    tenant: string;
    day: string;
    shard: number;
    key: string;
    entries: FeedEntry[];
  }[] = [];
  readonly #now: () => number;
  queries = 0;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  get size(): number {
    return this.#batches.size;
  }

  async noteDays(batches: readonly StoredBatch[]): Promise<'stored'[]> {
    return batches.map(() => 'stored');
  }

  async insert(batches: readonly StoredBatch[]): Promise<('stored' | 'present')[]> {
    const fresh = new Set<string>();
    return batches.map((batch) => {
      const key = `${batch.tenant}#${batch.shard}#${batchSortKey(batch.to, batch.id)}`;
      if (this.#batches.has(key)) return fresh.has(key) ? 'stored' : 'present';
      this.#batches.set(key, batch);
      fresh.add(key);
      return 'stored';
    });
  }

  async appendFeed(batches: readonly StoredBatch[], invocation: string): Promise<'stored'[]> {
    const stored = toTime(this.#now());
    for (const [place, group] of Map.groupBy(
      batches,
      ({ tenant, shard }) => `${tenant} ${shard}`,
    )) {
      const [tenant = '', shard] = place.split(' ');
      this.#feed.push({
        tenant,
        day: dayOf(stored),
        shard: Number(shard),
        key: `${stored}#${invocation}`,
        entries: group.map(({ to, id, shard, client, producer, seq, prev, count, fin }) => ({
          to,
          id,
          shard,
          client,
          producer,
          seq,
          prev,
          count,
          fin,
        })),
      });
    }
    return batches.map(() => 'stored');
  }

  async *days(
    tenant: string,
    {
      kind,
      from,
      to,
      order,
    }: { kind: 'batches' | 'feed'; from: string; to: string; order: 'asc' | 'desc' },
  ) {
    checkRange(from, to);
    const places =
      kind === 'feed'
        ? this.#feed.filter((item) => item.tenant === tenant)
        : this.#of(tenant).map((batch) => ({ day: dayOf(batch.to), shard: batch.shard }));
    const days = Map.groupBy(
      places.filter(({ day }) => day >= from && day <= to),
      ({ day }) => day,
    );
    const sorted = [...days.keys()].sort();
    if (order === 'desc') sorted.reverse();
    for (const day of sorted)
      yield { day, shards: [...new Set((days.get(day) ?? []).map(({ shard }) => shard))] };
  }

  async summaries(
    tenant: string,
    query: {
      day: string;
      shard: number;
      order: 'asc' | 'desc';
      start: Start | undefined;
      limit: number;
    },
  ) {
    this.queries++;
    const found = this.#of(tenant)
      .filter((batch) => batch.shard === query.shard && dayOf(batch.to) === query.day)
      .map((batch) => ({ key: batchSortKey(batch.to, batch.id), batch }))
      .filter(({ key }) => startsAt(key, query.order, query.start))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    if (query.order === 'desc') found.reverse();
    return {
      summaries: found.slice(0, query.limit).map(({ key, batch }) => ({
        shard: batch.shard,
        key,
        id: batch.id,
        to: fromTime(batch.to) ?? 0,
        from: fromTime(batch.from) ?? 0,
        terms: batch.terms,
        hasFaults: batch.faults.length > 0,
        counts: batch.counts,
        expires: batch.expires,
      })),
      more: found.length > query.limit,
    };
  }

  async records(tenant: string, keys: readonly { key: string; shard: number }[]) {
    return keys.flatMap(({ key, shard }) => {
      const batch = this.#batches.get(`${tenant}#${shard}#${key}`);
      return batch === undefined
        ? []
        : [{ key, record: batch.record, arrival: batch.arrival, expires: batch.expires }];
    });
  }

  async feed(
    tenant: string,
    query: { day: string; shard: number; after: string; before: string; limit: number },
  ) {
    checkRange(`${query.after}\0`, query.before);
    const items = this.#feed
      .filter(
        (item) => item.tenant === tenant && item.day === query.day && item.shard === query.shard,
      )
      .filter(({ key }) => key > query.after && key <= query.before)
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    return { items: items.slice(0, query.limit), more: items.length > query.limit };
  }

  async stored(
    tenant: string,
    shards: readonly number[],
    batches: readonly { readonly to: string; readonly id: string }[],
  ): Promise<boolean[]> {
    return batches.map(({ to, id }) =>
      shards.some((count) =>
        this.#batches.has(`${tenant}#${shardOf(id, count)}#${batchSortKey(to, id)}`),
      ),
    );
  }

  #of(tenant: string): StoredBatch[] {
    return [...this.#batches.values()].filter((batch) => batch.tenant === tenant);
  }
}

/** DynamoDB refuses a BETWEEN that ends before it starts. */
function checkRange(from: string, to: string): void {
  if (from > to) throw new RangeError(`ValidationException: nothing is between ${from} and ${to}`);
}

function startsAt(key: string, order: 'asc' | 'desc', start: Start | undefined): boolean {
  if (start === undefined || (start.inclusive && key === start.key)) return true;
  return order === 'asc' ? key > start.key : key < start.key;
}
