import { fromTime, toTime } from '../domain/encoding.ts';
import type { BatchReader, Order, Start, Summary } from '../store/batch-store.ts';

export interface ScanRange {
  /** First and last day that batches may lie on, `yyyy-mm-dd`. */
  readonly from: string;
  readonly to: string;
  readonly order: Order;
  readonly start: Start | undefined;
}

/** A shard of the day that is being scanned: what is read of it and not yet given. */
interface Lane {
  readonly shard: number;
  readonly ready: Summary[];
  more: boolean;
  last: Start | undefined;
}

/** Summaries in one answer of the index: some 150 KB at most. */
const defaultPageSize = 200;

/**
 * The summaries of a tenant's batches in the order of their sort keys, merged over the shards of each
 * day; days without batches are never asked for.
 */
export class Scan {
  readonly #reader: BatchReader;
  readonly #tenant: string;
  readonly #range: ScanRange;
  readonly #pageSize: number;
  readonly #days: AsyncIterator<{ readonly day: string; readonly shards: readonly number[] }>;
  #day: string | undefined;
  #lanes: Lane[] = [];
  #frontier: Start | undefined;
  /** Queries made, and summaries that they answered. */
  queries = 0;
  read = 0;

  constructor(reader: BatchReader, tenant: string, range: ScanRange, pageSize = defaultPageSize) {
    this.#reader = reader;
    this.#tenant = tenant;
    this.#range = range;
    this.#pageSize = pageSize;
    this.#frontier = range.start;
    this.#days = reader.days(tenant, { kind: 'batches', ...range })[Symbol.asyncIterator]();
  }

  /** Everything before this was gone past: where another scan goes on. */
  get frontier(): Start | undefined {
    return this.#frontier;
  }

  /** The next batch, without going past it; `unknown` when the store must not be asked any more. */
  async peek(mayAsk: () => boolean): Promise<Summary | 'end' | 'unknown'> {
    for (;;) {
      if (this.#lanes.some(isEmpty)) {
        if (!mayAsk()) return 'unknown';
        await this.#fill();
      }
      const lane = this.#firstLane();
      if (lane !== undefined) return lane.ready[0] as Summary;
      if (this.#day !== undefined) this.#frontier = dayEdge(this.#day, this.#range.order);
      const next = await this.#days.next();
      if (next.done === true) return 'end';
      this.#day = next.value.day;
      this.#lanes = next.value.shards.map((shard) => ({
        shard,
        ready: [],
        more: true,
        last: this.#range.start,
      }));
    }
  }

  /** Goes past the batch that `peek` gave. */
  skip(): void {
    const summary = this.#firstLane()?.ready.shift();
    if (summary !== undefined) this.#frontier = { key: summary.key, inclusive: false };
  }

  /** What is known to follow, without asking the store: bodies may be fetched ahead. */
  upcoming(): Summary[] {
    return this.#lanes.flatMap(({ ready }) => ready).sort((a, b) => this.#compare(a, b));
  }

  async #fill(): Promise<void> {
    await Promise.all(
      this.#lanes.filter(isEmpty).map(async (lane) => {
        const page = await this.#reader.summaries(this.#tenant, {
          day: this.#day ?? '',
          shard: lane.shard,
          order: this.#range.order,
          start: lane.last,
          limit: this.#pageSize,
        });
        const last = page.summaries.at(-1);
        lane.ready.push(...page.summaries);
        lane.more = page.more && last !== undefined;
        if (last !== undefined) lane.last = { key: last.key, inclusive: false };
        this.queries += 1;
        this.read += page.summaries.length;
      }),
    );
  }

  #firstLane(): Lane | undefined {
    let first: Lane | undefined;
    for (const lane of this.#lanes) {
      const head = lane.ready[0];
      if (head === undefined) continue;
      if (first === undefined || this.#compare(head, first.ready[0] as Summary) < 0) first = lane;
    }
    return first;
  }

  #compare(a: Summary, b: Summary): number {
    const ascending = a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
    return this.#range.order === 'asc' ? ascending : -ascending;
  }
}

function isEmpty({ ready, more }: Lane): boolean {
  return more && ready.length === 0;
}

const dayMs = 86_400_000;

/** Behind every key of a day, and on the next one in this order: a scan that goes on there asks for no more of this day. */
function dayEdge(day: string, order: Order): Start {
  const next = toTime(Date.parse(day) + (order === 'asc' ? dayMs : -dayMs)).slice(0, 10);
  return { key: order === 'asc' ? next : `${next}~`, inclusive: false };
}

/**
 * The `to`, epoch ms, that no batch from `start` on can lie before (asc) or after (desc);
 * undefined if nothing is known.
 */
export function boundOf(start: Start | undefined, order: Order): number | undefined {
  if (start === undefined) return undefined;
  const time = fromTime(start.key.slice(0, 24));
  if (time !== undefined) return time;
  const day = Date.parse(start.key.slice(0, 10));
  return order === 'asc' ? day : day + dayMs - 1;
}
