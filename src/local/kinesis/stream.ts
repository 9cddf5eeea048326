import { evenRanges, type HashKeyRange } from './hash-key.ts';
import { Shard } from './shard.ts';

export type StreamMode = 'ON_DEMAND' | 'PROVISIONED';

export interface StreamOptions {
  readonly name: string;
  readonly arn: string;
  readonly mode: StreamMode;
  readonly shards: number;
  readonly retentionHours: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const hour = 3_600_000;

/**
 * A stream and all shards it ever had. Its open shards always cover every hash key exactly once.
 * Changes take effect at once: it is never CREATING, UPDATING or DELETING.
 */
export class Stream {
  readonly name: string;
  readonly arn: string;
  readonly mode: StreamMode;
  /** Milliseconds since the epoch; also tells it from an earlier stream of this name. */
  readonly created: number;

  readonly #shards: Shard[] = [];
  /** In the order of their hash keys. */
  #open: Shard[] = [];
  #retentionHours: number;

  constructor(options: StreamOptions) {
    this.name = options.name;
    this.arn = options.arn;
    this.mode = options.mode;
    this.created = options.now;
    this.#retentionHours = options.retentionHours;
    for (const range of evenRanges(options.shards)) this.#add(range, this.created, []);
  }

  get retentionHours(): number {
    return this.#retentionHours;
  }

  get openShards(): readonly Shard[] {
    return this.#open;
  }

  /** Records that arrived before this time are gone. */
  horizon(now: number): number {
    return now - this.#retentionHours * hour;
  }

  /** The open shard that a hash key (as `hashKeyOf` writes it) belongs to. */
  shardFor(hashKey: string): Shard {
    let low = 0;
    let high = this.#open.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.#open[middle]?.startKey ?? '') <= hashKey) low = middle;
      else high = middle;
    }
    const shard = this.#open[low];
    if (shard === undefined) throw new Error(`stream ${this.name} has no open shard`);
    return shard;
  }

  /**
   * Trims, and gives the shards that are left, oldest first: a closed shard expires with its last record
   * (https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-after-resharding.html).
   */
  shards(now: number): readonly Shard[] {
    const horizon = this.horizon(now);
    for (const shard of this.#shards) shard.trim(horizon);
    return this.#shards.filter((shard) => shard.ended === undefined || shard.ended >= horizon);
  }

  childrenOf(shard: Shard): readonly Shard[] {
    return this.#shards.filter((child) => child.parents.includes(shard.id));
  }

  /** What was trimmed under the period before stays so: it is trimmed before the period changes. */
  retain(hours: number, now: number): void {
    this.shards(now);
    this.#retentionHours = hours;
  }

  /** `at`, which must lie in the open shard's range but not at its start, becomes the second child's start. */
  split(shard: Shard, at: bigint, now: number): void {
    const began = this.#close([shard], now);
    this.#add({ start: shard.range.start, end: at - 1n }, began, [shard.id]);
    this.#add({ start: at, end: shard.range.end }, began, [shard.id]);
  }

  /** Two open shards whose ranges touch. */
  merge(shard: Shard, adjacent: Shard, now: number): void {
    const began = this.#close([shard, adjacent], now);
    const [low, high] =
      shard.range.start < adjacent.range.start ? [shard, adjacent] : [adjacent, shard];
    const range = { start: low.range.start, end: high.range.end };
    this.#add(range, began, [shard.id, adjacent.id]);
  }

  /** @returns when their children begin: later than they did, so that sequence numbers go on rising. */
  #close(shards: readonly Shard[], now: number): number {
    for (const shard of shards) shard.close(now);
    this.#open = this.#open.filter((open) => !shards.includes(open));
    return Math.max(now, ...shards.map((shard) => shard.began + 1));
  }

  #add(range: HashKeyRange, began: number, parents: readonly string[]): void {
    const shard = new Shard({ number: this.#shards.length, range, began, parents });
    this.#shards.push(shard);
    this.#open.push(shard);
    this.#open.sort((a, b) => (a.startKey < b.startKey ? -1 : 1));
  }
}
