import { createBell, firstOf } from './bell.ts';
import type { EventRecord } from './kinesis-event.ts';
import type { MappingSettings, Pace } from './mapping.ts';

/** Largest payload of an invocation, bytes. */
const payloadLimit = 6 * 1024 * 1024;
const envelope = Buffer.byteLength('{"Records":[]}');

/** The records of a shard whose partition keys fall together: one batch at a time, in order. */
export interface Lane {
  push(record: EventRecord): void;
  /** No more will be pushed: what is there need not wait for its window. */
  end(): void;
  /** Bytes that wait, as JSON. */
  readonly backlog: number;
  /** Resolves when all that was pushed before is processed. */
  caughtUp(): Promise<void>;
  /** Resolves when `end` was called and all is processed, or the mapping closes. */
  readonly finished: Promise<void>;
}

interface Entry {
  readonly record: EventRecord;
  readonly bytes: number;
  readonly readAt: number;
}

/**
 * Gathers batches: until there are enough records, or enough bytes, or the window that opened when
 * the first of them was read is over.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html#invocation-eventsourcemapping-batching
 */
export function createLane(options: {
  readonly settings: MappingSettings;
  readonly pace: Pace;
  readonly process: (batch: readonly EventRecord[]) => Promise<void>;
}): Lane {
  const { settings, pace, process } = options;
  const queue: Entry[] = [];
  const arrivals = createBell();
  const progress = createBell();
  let backlog = 0;
  let pushed = 0;
  let processed = 0;
  let ended = false;

  const isFull = () => queue.length >= settings.batchSize || backlog + envelope > payloadLimit;

  async function gather(first: Entry): Promise<void> {
    const closes = first.readAt + settings.batchWindowSeconds * 1000;
    while (!isFull() && !ended && !pace.stop.aborted && pace.now() < closes) {
      await pace.sleep(closes - pace.now(), AbortSignal.any([pace.stop, arrivals.next]));
    }
  }

  /** At least one record, however large. */
  function take(): EventRecord[] {
    let size = envelope;
    const fits = queue.slice(0, settings.batchSize).findIndex(({ bytes }, index) => {
      size += bytes;
      return index > 0 && size > payloadLimit;
    });
    const batch = queue.splice(0, fits < 0 ? settings.batchSize : fits);
    for (const { bytes } of batch) backlog -= bytes;
    return batch.map(({ record }) => record);
  }

  async function run(): Promise<void> {
    while (!pace.stop.aborted) {
      const [first] = queue;
      if (first === undefined) {
        if (ended) return;
        await firstOf(pace.stop, arrivals.next);
        continue;
      }
      await gather(first);
      const batch = take();
      await process(batch);
      processed += batch.length;
      progress.ring();
    }
  }

  return {
    push(record) {
      const bytes = Buffer.byteLength(JSON.stringify(record)) + 1;
      queue.push({ record, bytes, readAt: pace.now() });
      backlog += bytes;
      pushed += 1;
      arrivals.ring();
    },
    end() {
      ended = true;
      arrivals.ring();
    },
    get backlog() {
      return backlog;
    },
    async caughtUp() {
      const target = pushed;
      while (processed < target && !pace.stop.aborted) await firstOf(pace.stop, progress.next);
    },
    finished: run(),
  };
}
