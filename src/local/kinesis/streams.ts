import type { Place } from '../service.ts';
import { invalid, KinesisError } from './kinesis-error.ts';
import { limits } from './limits.ts';
import type { Shard } from './shard.ts';
import { Stream, type StreamMode } from './stream.ts';

/** How a request names a stream: by either, or by both if they agree. */
export interface StreamReference {
  readonly StreamName?: string | undefined;
  readonly StreamARN?: string | undefined;
}

/** The streams of one account in one region, by name. */
export class Streams {
  readonly #place: Place;
  readonly #now: () => number;
  readonly #byName = new Map<string, Stream>();

  constructor(place: Place, now: () => number) {
    this.#place = place;
    this.#now = now;
  }

  get account(): string {
    return this.#place.account;
  }

  get names(): string[] {
    return [...this.#byName.keys()].sort();
  }

  now(): number {
    return this.#now();
  }

  arnOf(name: string): string {
    return `arn:aws:kinesis:${this.#place.region}:${this.#place.account}:stream/${name}`;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** @throws ResourceInUseException if there is one of this name; beyond the limits, what says so. */
  create(name: string, mode: StreamMode, shards: number, retentionHours: number): Stream {
    if (this.#byName.has(name)) {
      const text = `Stream ${name} under account ${this.account} already exists.`;
      throw new KinesisError('ResourceInUseException', text);
    }
    const { least, most } = limits.retentionHours;
    if (retentionHours < least || retentionHours > most)
      throw invalid(`Retention period must be between ${least} and ${most} hours.`);
    if (shards > limits.streamShards) {
      const text = `A stream may have ${limits.streamShards} shards, not ${shards}.`;
      throw new KinesisError('LimitExceededException', text);
    }
    const arn = this.arnOf(name);
    const stream = new Stream({ name, arn, mode, shards, retentionHours, now: this.#now() });
    this.#byName.set(name, stream);
    return stream;
  }

  /** @throws ResourceNotFoundException; InvalidArgumentException where name and ARN disagree. */
  find(reference: StreamReference): Stream {
    const { StreamName: name, StreamARN: arn } = reference;
    if (name === undefined && arn === undefined)
      throw invalid('Either StreamName or StreamARN must be specified.');
    const wanted = name ?? arn?.slice(arn.lastIndexOf('/') + 1) ?? '';
    const stream = this.#byName.get(wanted);
    if (name !== undefined && arn !== undefined && arn !== this.arnOf(name))
      throw invalid(`StreamName ${name} and StreamARN ${arn} do not name the same stream.`);
    if (stream === undefined || (arn !== undefined && arn !== stream.arn)) {
      const text = `Stream ${wanted} under account ${this.account} not found.`;
      throw new KinesisError('ResourceNotFoundException', text);
    }
    return stream;
  }

  /** @throws ResourceNotFoundException if there is no such shard, or it has expired. */
  findShard(stream: Stream, id: string): Shard {
    const shard = stream.shards(this.#now()).find((candidate) => candidate.id === id);
    if (shard !== undefined) return shard;
    const text = `Shard ${id} in stream ${stream.name} under account ${this.account} does not exist`;
    throw new KinesisError('ResourceNotFoundException', text);
  }

  delete(stream: Stream): void {
    this.#byName.delete(stream.name);
  }

  clear(): void {
    this.#byName.clear();
  }
}
