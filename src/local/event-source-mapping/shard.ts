import { createHash } from 'node:crypto';
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  type KinesisClient,
} from '@aws-sdk/client-kinesis';
import { type Bell, createBell, firstOf } from './bell.ts';
import { type EventRecord, toEventRecord } from './kinesis-event.ts';
import { createLane } from './lane.ts';
import { backoff, type MappingSettings, type MappingStats, type Pace } from './mapping.ts';

/** Bytes that may wait in a shard's lanes before it is read no further. */
const backlogLimit = 64 * 1024 * 1024;
/** Between two looks at whether the lanes have room again. Milliseconds. */
const backlogPause = 50;

export interface ShardOptions {
  readonly kinesis: KinesisClient;
  readonly streamArn: string;
  readonly shardId: string;
  readonly roleArn: string;
  readonly startingPosition: MappingSettings['startingPosition'];
  readonly settings: MappingSettings;
  readonly stats: MappingStats;
  readonly pace: Pace;
  readonly pollMilliseconds: number;
  /** Rung when it is worth looking at once. */
  readonly wake: Bell;
  readonly process: (batch: readonly EventRecord[]) => Promise<void>;
}

export interface ConsumedShard {
  /** Resolves when all that is in the shard at the time of the call is processed. */
  caughtUp(): Promise<void>;
  /** Resolves when the shard is closed and all of it processed, or the mapping closes. */
  readonly finished: Promise<void>;
}

/** Reads a shard into its lanes. */
export function consumeShard(options: ShardOptions): ConsumedShard {
  const { kinesis, stats, pace, streamArn: StreamARN, shardId: ShardId } = options;
  const lanes = Array.from({ length: options.settings.parallelizationFactor }, () =>
    createLane(options),
  );
  const progress = createBell();
  let polls = 0;
  /** The latest poll that came back with nothing left behind it. */
  let atTip = 0;
  let position: Pick<
    GetShardIteratorCommandInput,
    'ShardIteratorType' | 'StartingSequenceNumber' | 'Timestamp'
  > = { ShardIteratorType: options.startingPosition };
  let iterator: string | undefined;

  async function open(): Promise<string | undefined> {
    const since = new Date(pace.now());
    const opened = await kinesis.send(
      new GetShardIteratorCommand({ StreamARN, ShardId, ...position }),
      { abortSignal: pace.stop },
    );
    // The latest is later another time: a lost iterator must not skip what came meanwhile.
    if (position.ShardIteratorType === 'LATEST') {
      position = { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: since };
    }
    return opened.ShardIterator;
  }

  /** One GetRecords. @returns how long to rest before the next one, undefined at the shard's end. */
  async function poll(): Promise<number | undefined> {
    const number = ++polls;
    stats.polls += 1;
    iterator ??= await open();
    const answer = await kinesis.send(
      new GetRecordsCommand({ StreamARN, ShardIterator: iterator, Limit: 10_000 }),
      { abortSignal: pace.stop },
    );
    const records = (answer.Records ?? []).map((record) => toEventRecord(record, options));
    for (const record of records) {
      lanes[laneOf(record.kinesis.partitionKey, lanes.length)]?.push(record);
    }
    const last = records.at(-1)?.kinesis.sequenceNumber;
    if (last) {
      position = { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: last };
    }
    iterator = answer.NextShardIterator ?? undefined;
    const behind = answer.MillisBehindLatest ?? records.length;
    if (behind === 0) atTip = number;
    progress.ring();
    if (iterator === undefined) return undefined;
    return behind > 0 && records.length > 0 ? 0 : options.pollMilliseconds;
  }

  async function read(): Promise<void> {
    let failures = 0;
    while (!pace.stop.aborted) {
      const woken = options.wake.next;
      const rest = await poll().then(
        (milliseconds) => {
          failures = 0;
          return milliseconds;
        },
        (error) => {
          if (pace.stop.aborted) return 0;
          stats.pollErrors += 1;
          stats.lastPollError = error;
          if (error?.name === 'ExpiredIteratorException') iterator = undefined;
          return backoff(failures++);
        },
      );
      if (rest === undefined) return;
      if (rest > 0) await pace.sleep(rest, AbortSignal.any([pace.stop, woken]));
      while (lanes.reduce((sum, lane) => sum + lane.backlog, 0) > backlogLimit) {
        if (pace.stop.aborted) return;
        await pace.sleep(backlogPause, pace.stop);
      }
    }
  }

  let ended = false;
  const finished = read().then(async () => {
    ended = true;
    progress.ring();
    for (const lane of lanes) lane.end();
    await Promise.all(lanes.map((lane) => lane.finished));
  });

  return {
    async caughtUp() {
      const before = polls;
      options.wake.ring();
      while (atTip <= before && !ended && !pace.stop.aborted) {
        await firstOf(pace.stop, progress.next);
      }
      await Promise.all(lanes.map((lane) => lane.caughtUp()));
    },
    finished,
  };
}

/**
 * Records of one partition key share a lane. The low bits of its MD5: the high ones have already
 * chosen the shard.
 */
function laneOf(partitionKey: string, lanes: number): number {
  return createHash('md5').update(partitionKey).digest().readUInt32BE(12) % lanes;
}
