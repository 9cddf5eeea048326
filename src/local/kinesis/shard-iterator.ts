import { z } from 'zod';

const payload = z.tuple([
  z.string().min(1),
  z.int().nonnegative(),
  z.int().nonnegative(),
  z.int().nonnegative(),
  z.int().nonnegative(),
]);

/** Where GetRecords reads next. The real one is sealed by the service; this one is only opaque. */
export interface ShardIterator {
  readonly stream: string;
  /** When the stream was created: an iterator is no good for another stream of its name. */
  readonly created: number;
  /** The shard's number. */
  readonly shard: number;
  readonly place: number;
  /** Milliseconds since the epoch. */
  readonly issued: number;
}

export function writeShardIterator(iterator: ShardIterator): string {
  const { stream, created, shard, place, issued } = iterator;
  return Buffer.from(JSON.stringify([stream, created, shard, place, issued])).toString('base64');
}

export function readShardIterator(text: string): ShardIterator | undefined {
  try {
    const [stream, created, shard, place, issued] = payload.parse(
      JSON.parse(Buffer.from(text, 'base64').toString()),
    );
    return { stream, created, shard, place, issued };
  } catch {
    return undefined;
  }
}
