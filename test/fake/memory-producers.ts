import type { ProducerState } from '../../src/domain/producer.ts';
import { producerSortKey } from '../../src/store/keys.ts';
import { marksPerPage } from '../../src/store/marks.ts';
import type {
  Comparison,
  KnownProducer,
  OnMalformed,
  ProducerKey,
  ProducerList,
  ProducerStore,
  SaveOutcome,
} from '../../src/store/producer-store.ts';

interface Row extends KnownProducer {
  readonly version: number;
  readonly watched: boolean;
}

/** What is known of producers, kept in memory. */
export class MemoryProducers implements ProducerStore, ProducerList {
  readonly rows = new Map<string, Row>();
  readonly places = new Map<string, string>();
  readonly #pages = new Map<string, { version: number; marks: Map<number, string> }>();
  readonly compared = new Map<string, Comparison>();
  /** Keys (`<tenant>/<sort key>`) of producers whose rows are of another form. */
  readonly spoilt = new Set<string>();
  /** Called before anything is read or written: may throw, as if the run ended there, or hold it. */
  trap: (what: 'read' | 'marks' | 'state' | 'checkpoint') => unknown = () => {};

  async states(tenant: string, keys: readonly ProducerKey[], onMalformed?: OnMalformed) {
    await this.trap('read');
    for (const { client, producer } of keys) {
      const sortKey = producerSortKey(client, producer);
      if (this.spoilt.has(`${tenant}/${sortKey}`)) onMalformed?.(sortKey);
    }
    return new Map(
      keys.flatMap(({ client, producer }) => {
        const key = producerSortKey(client, producer);
        const row = this.rows.get(`${tenant}/${key}`);
        return row === undefined ? [] : [[key, { state: row.state, version: row.version }]];
      }),
    );
  }

  async marks(tenant: string, wanted: readonly (ProducerKey & { pages: readonly number[] })[]) {
    return new Map(
      wanted.map(({ client, producer, pages }) => {
        const key = producerSortKey(client, producer);
        const found = pages.map(
          (page) => [page, this.#pages.get(`${tenant}/${key}/${page}`)] as const,
        );
        const marks = found.flatMap(([, page]) => [...(page?.marks ?? [])]);
        const versions = found.map(([page, row]) => [page, row?.version ?? 0] as const);
        return [key, { marks: new Map(marks), versions: new Map(versions) }];
      }),
    );
  }

  async saveMarks(
    tenant: string,
    { client, producer }: ProducerKey,
    page: number,
    read: { marks: Map<number, string>; versions: ReadonlyMap<number, number> },
  ): Promise<SaveOutcome> {
    await this.trap('marks');
    const key = `${tenant}/${producerSortKey(client, producer)}/${page}`;
    const version = read.versions.get(page) ?? 0;
    if ((this.#pages.get(key)?.version ?? 0) !== version) return 'conflict';
    const own = [...read.marks].filter(([seq]) => Math.floor(seq / marksPerPage) === page);
    this.#pages.set(key, { version: version + 1, marks: new Map(own) });
    return 'saved';
  }

  async saveState(
    tenant: string,
    { client, producer }: ProducerKey,
    { state, version }: { state: ProducerState; version: number },
    { watched }: { watched: boolean },
  ): Promise<SaveOutcome> {
    await this.trap('state');
    const key = `${tenant}/${producerSortKey(client, producer)}`;
    if ((this.rows.get(key)?.version ?? 0) !== version) return 'conflict';
    this.rows.set(key, { tenant, client, producer, state, version: version + 1, watched });
    return 'saved';
  }

  async *watched() {
    yield [...this.rows.values()].filter(({ watched }) => watched);
  }

  async checkpoints(tenants: readonly string[]) {
    return new Map([...this.places].filter(([tenant]) => tenants.includes(tenant)));
  }

  async advance(tenant: string, after: string) {
    await this.trap('checkpoint');
    if (after > (this.places.get(tenant) ?? '')) this.places.set(tenant, after);
  }

  async comparisons(tenants: readonly string[]) {
    return new Map([...this.compared].filter(([tenant]) => tenants.includes(tenant)));
  }

  async saveComparison(tenant: string, comparison: Comparison) {
    this.compared.set(tenant, comparison);
  }

  async untold(tenant: string) {
    return this.compared.get(tenant)?.untold ?? [];
  }

  async list(tenant: string, { after, limit }: Parameters<ProducerList['list']>[1]) {
    const start = after === undefined ? '' : producerSortKey(after.client, after.producer);
    const all = [...this.rows.values()]
      .filter((row) => row.tenant === tenant)
      .map((row) => ({ key: producerSortKey(row.client, row.producer), row }))
      .filter(({ key }) => key > start)
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    const producers = all.slice(0, limit).map(({ row }) => row);
    const last = all.length > limit ? producers.at(-1) : undefined;
    const next = last && { client: last.client, producer: last.producer };
    const malformed: ProducerKey[] = [];
    return { producers, malformed, next };
  }
}
