import { randomUUID } from 'node:crypto';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { S3Client } from '@aws-sdk/client-s3';
import { createBell, unlessStopped } from './bell.ts';
import { putDiscarded } from './destination.ts';
import { listShards } from './list-shards.ts';
import {
  backoff,
  type MappingSettings,
  type MappingStats,
  type Pace,
  sleepFor,
} from './mapping.ts';
import { type Discarded, type Invoke, processBatch } from './process-batch.ts';
import { type ConsumedShard, consumeShard } from './shard.ts';

export interface EventSourceMappingOptions {
  /** With the function's role, and at the front door: what the role may not do fails here too. */
  readonly kinesis: KinesisClient;
  /** Needed for `destinationBucket`; with the function's role too. */
  readonly s3?: S3Client;
  readonly streamArn: string;
  readonly functionArn?: string;
  readonly roleArn?: string;
  readonly invoke: Invoke;
  readonly mapping: MappingSettings;
  /** Between two looks at an idle shard. @default 50 */
  readonly pollMilliseconds?: number;
  /** Between two looks for new shards; the end of a shard is a look too. @default 1000 */
  readonly discoveryMilliseconds?: number;
  readonly now?: Pace['now'];
  readonly sleep?: Pace['sleep'];
}

export interface EventSourceMapping {
  /** Of its own, in the keys of the destination's objects. */
  readonly id: string;
  start(): void;
  /** Looks at the stream at once. */
  wake(): void;
  /**
   * Resolves when everything that was in the stream at the time of the call is done or discarded.
   * Rejects if the mapping is not started or is closed first.
   */
  drained(): Promise<void>;
  /** Leaves running invocations to themselves. Nothing is read, invoked or put afterwards. */
  close(): Promise<void>;
  readonly stats: Readonly<MappingStats>;
}

interface KnownShard {
  readonly parents: readonly string[];
  readonly startingPosition: MappingSettings['startingPosition'];
  readonly consumed: PromiseWithResolvers<ConsumedShard>;
  state: 'waiting' | 'consumed' | 'finished';
}

/**
 * An event source mapping from a Kinesis stream to a function: finds the shards, and reads each
 * once its parents are finished, so that order holds across a split or a merge.
 * https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
 */
export function createEventSourceMapping(options: EventSourceMappingOptions): EventSourceMapping {
  const { kinesis, streamArn, mapping: settings, functionArn = '', roleArn = '' } = options;
  const id = randomUUID();
  const closing = new AbortController();
  const stop = closing.signal;
  const pace: Pace = { now: options.now ?? Date.now, sleep: options.sleep ?? sleepFor, stop };
  const stats: MappingStats = {
    polls: 0,
    pollErrors: 0,
    lastPollError: undefined,
    invocations: 0,
    throttles: 0,
    succeeded: 0,
    discarded: 0,
    destinationErrors: 0,
  };
  const wake = createBell();
  const shardEnded = createBell();
  const shards = new Map<string, KnownShard>();
  const tasks = new Set<Promise<void>>();
  let discovering: Promise<void> = Promise.resolve();
  let started = false;
  let discovered = false;

  /** Learns of new shards. */
  async function look(): Promise<void> {
    for (const shard of await listShards(kinesis, streamArn, stop)) {
      const { ShardId = '', ParentShardId, AdjacentParentShardId } = shard;
      if (shards.has(ShardId)) continue;
      const latest = !discovered && settings.startingPosition === 'LATEST';
      const known: KnownShard = {
        parents: [ParentShardId, AdjacentParentShardId].filter((parent) => parent !== undefined),
        // Later shards are the children of known ones: nothing of them may be left out.
        startingPosition: latest ? 'LATEST' : 'TRIM_HORIZON',
        consumed: Promise.withResolvers(),
        state: 'waiting',
      };
      shards.set(ShardId, known);
    }
    discovered = true;
    consumeReady();
  }

  /** One look at a time. Rejects when Kinesis cannot be asked. */
  function discover(): Promise<void> {
    const next = discovering.then(look);
    discovering = next.catch((error) => {
      if (stop.aborted) return;
      stats.pollErrors += 1;
      stats.lastPollError = error;
    });
    return next;
  }

  /** A parent that is not listed is older than the stream's retention. */
  function consumeReady(): void {
    if (stop.aborted) return;
    for (const [shardId, shard] of shards) {
      const unfinished = shard.parents.some(
        (parent) => (shards.get(parent)?.state ?? 'finished') !== 'finished',
      );
      if (shard.state === 'waiting' && !unfinished) consume(shardId, shard);
    }
  }

  function consume(shardId: string, shard: KnownShard): void {
    shard.state = 'consumed';
    const consumed = consumeShard({
      kinesis,
      streamArn,
      shardId,
      roleArn,
      startingPosition: shard.startingPosition,
      settings,
      stats,
      pace,
      pollMilliseconds: options.pollMilliseconds ?? 50,
      wake,
      process: (batch) => {
        const discard = (discarded: Discarded) => putAside(shardId, discarded);
        return processBatch(batch, { settings, stats, pace, invoke: options.invoke, discard });
      },
    });
    shard.consumed.resolve(consumed);
    track(
      consumed.finished.then(async () => {
        if (stop.aborted) return;
        shard.state = 'finished';
        consumeReady();
        shardEnded.ring();
      }),
    );
  }

  /** A destination that fails three times loses the records, as Lambda does: it is counted. */
  async function putAside(shardId: string, discarded: Discarded): Promise<void> {
    const { s3 } = options;
    const { destinationBucket: bucket } = settings;
    if (bucket === undefined || s3 === undefined) return;
    const { now } = pace;
    for (let failures = 0; failures < 3 && !stop.aborted; failures++) {
      try {
        const to = { s3, bucket, mappingId: id, functionArn, streamArn, shardId, now };
        await putDiscarded(to, discarded);
        return;
      } catch {
        await pace.sleep(backoff(failures), stop);
      }
    }
    stats.destinationErrors += 1;
  }

  async function keepLooking(): Promise<void> {
    while (!stop.aborted) {
      const woken = shardEnded.next;
      await discover().catch(() => {});
      const rest = options.discoveryMilliseconds ?? 1000;
      await pace.sleep(rest, AbortSignal.any([stop, woken]));
    }
  }

  function track(task: Promise<void>): void {
    tasks.add(task);
    task.finally(() => tasks.delete(task));
  }

  return {
    id,
    stats,
    start() {
      if (started) return;
      started = true;
      track(keepLooking());
    },
    wake: wake.ring,
    async drained() {
      if (!started) throw new Error('the event source mapping is not started');
      let known: number;
      do {
        await discover();
        known = shards.size;
        const alive = [...shards.values()].filter(({ state }) => state !== 'finished');
        await Promise.all(
          alive.map(async ({ consumed }) => {
            await (await unlessStopped(consumed.promise, stop))?.caughtUp();
          }),
        );
        stop.throwIfAborted();
      } while (known < shards.size);
    },
    async close() {
      closing.abort(new Error('the event source mapping was closed'));
      await discovering;
      await Promise.all(tasks);
    },
  };
}
