import { randomUUID } from 'node:crypto';
import { type ConsumeOptions, consume } from '../../src/consumer/consume.ts';
import { grantUsage } from '../../src/consumer/grant-usage.ts';
import { createQuarantine } from '../../src/consumer/quarantine.ts';
import { signBatch } from '../../src/domain/seal.ts';
import { createLog } from '../../src/lambda/log.ts';
import type { KnownGrant } from '../../src/lambda/verified-grants.ts';
import type { InsertOutcome, StoredBatch, WriteOutcome } from '../../src/store/batch-store.ts';
import type { Tallies, Tally } from '../../src/store/tallies.ts';
import { MemoryStore } from '../fake/memory-store.ts';
import { batchOf, type Signer, signer } from '../fixture/batches.ts';
import { event, line } from '../fixture/events.ts';
import { kinesisEvent } from '../fixture/kinesis-event.ts';
import { grantFor } from '../fixture/stored.ts';

export const now = Date.parse('2026-03-01T12:00:00.000Z');

export interface Sent {
  readonly data: Buffer;
  readonly arrival: number;
}

/** What a test may make fail, each by its number of the call, from 1 on. */
export interface Fates {
  noteDays?: (call: number) => void;
  insert?: (batch: StoredBatch, call: number) => InsertOutcome;
  appendFeed?: (call: number) => void;
  /** What becomes of a batch at the calendar, and at the feed. */
  noted?: (batch: StoredBatch) => WriteOutcome;
  told?: (batch: StoredBatch) => WriteOutcome;
  quarantine?: (call: number) => void;
  redrive?: (call: number) => void;
  grants?: (call: number) => void;
  note?: (call: number) => void;
  sum?: (call: number) => void;
  stop?: (call: number) => void;
}

/** A minute ago, epoch seconds. */
const issued = now / 1000 - 60;

const generous: Tally = { bytes: 1e15, faults: 1e15 };

/**
 * A consumer whose store, buckets and grants are in memory, and fail as the test decides; `tallied`, by grant and name,
 * may be another container's as well.
 */
export function consumerHarness(
  fates: Fates = {},
  quota: Tally = generous,
  tallied = new Map<string, Map<string, Tally>>(),
) {
  const stopped = new Map<string, string>();
  const store = new MemoryStore(() => now);
  const calls: string[] = [];
  const grants = new Map<string, KnownGrant>();
  const objects = { quarantine: new Map<string, string>(), redrive: new Map<string, string>() };
  const logged: string[] = [];

  /** Notes the call, then fails if the test says so. */
  const meet = (name: Exclude<keyof Fates, 'insert' | 'noted' | 'told'>): void => {
    calls.push(name);
    fates[name]?.(calls.filter((call) => call === name).length);
  };
  const redrive = async (key: string, body: string) => {
    meet('redrive');
    objects.redrive.set(key, body);
  };
  const quarantine = async (key: string, body: string) => {
    meet('quarantine');
    if (objects.quarantine.has(key)) return 'present';
    objects.quarantine.set(key, body);
    return 'created';
  };

  const log = createLog('test', (text) => logged.push(text));
  const tallies: Tallies = {
    async note({ grant }, name, tally) {
      meet('note');
      tallied.set(grant, new Map([...(tallied.get(grant) ?? []), [name, tally]]));
    },
    async sum({ grant }) {
      meet('sum');
      const all = [...(tallied.get(grant)?.values() ?? [])];
      return {
        bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
        faults: all.reduce((sum, { faults }) => sum + faults, 0),
      };
    },
  };
  const options: ConsumeOptions = {
    writer: {
      noteDays: async (batches) => {
        meet('noteDays');
        return batches.map((batch) => fates.noted?.(batch) ?? 'stored');
      },
      insert: async (batches) => {
        calls.push('insert');
        const call = calls.filter((name) => name === 'insert').length;
        const outcomes = batches.map((batch) => fates.insert?.(batch, call) ?? 'stored');
        const taken = batches.filter((_, i) => outcomes[i] === 'stored');
        const how = await store.insert(taken);
        return batches.map((batch, i) => how[taken.indexOf(batch)] ?? outcomes[i] ?? 'failed');
      },
      appendFeed: async (batches, id) => {
        meet('appendFeed');
        const outcomes = batches.map((batch) => fates.told?.(batch) ?? 'stored');
        await store.appendFeed(
          batches.filter((_, i) => outcomes[i] === 'stored'),
          id,
        );
        return outcomes;
      },
    },
    grants: async () => {
      meet('grants');
      return grants;
    },
    quarantine: createQuarantine({ put: quarantine, now: () => now }),
    redrive,
    usage: grantUsage({
      quota,
      tallies,
      async stop(id, _, { reason }) {
        meet('stop');
        if (stopped.has(id)) return 'already-stopped';
        stopped.set(id, reason);
        return 'stopped';
      },
      now: () => now,
      log,
    }),
    log,
  };
  const container = randomUUID();
  let invocations = 0;

  return {
    store,
    calls,
    objects,
    logged,
    tallied,
    /** Grants with the reason of their stop. */
    stopped,
    /** A client with a grant. */
    client(over: Partial<KnownGrant> = {}): Signer {
      const who = signer();
      grants.set(who.grantId, grantFor(who, { iat: issued, ...over }));
      return who;
    },
    /** Knows the grant of a client that another consumer made. */
    adopt(who: Signer): void {
      grants.set(who.grantId, grantFor(who, { iat: issued }));
    },
    /** What `consume` answers: the place of the first record not done, or none. */
    async run(sent: readonly Sent[], signal = AbortSignal.timeout(60_000)) {
      const { batchItemFailures } = await consume(
        kinesisEvent(sent),
        { id: `${container} ${++invocations}`, signal },
        options,
      );
      return batchItemFailures.map(({ itemIdentifier }) => Number(itemIdentifier) - 100);
    },
    /** What was put aside, one entry a record. */
    aside: (bucket: 'quarantine' | 'redrive') =>
      [...objects[bucket].values()].flatMap((body) =>
        body
          .trimEnd()
          .split('\n')
          .map((text) => JSON.parse(text) as Record<string, string>),
      ),
    /** Metrics as `name reason=value`. */
    metrics: () =>
      logged
        .map((text) => JSON.parse(text))
        .filter((entry) => '_aws' in entry)
        .map((entry) => {
          const { Name } = entry._aws.CloudWatchMetrics[0].Metrics[0];
          return `${Name} ${entry.Reason ?? '-'}=${entry[Name]}`;
        }),
  };
}

/** How many batches each producer has sealed. */
const sealedBy = new Map<string, number>();

/** A producer's next batch: of one event, or of these lines. */
export function sealed(
  who: Signer,
  over: Parameters<typeof batchOf>[1] & { lines?: Buffer[]; arrival?: number } = {},
): Sent {
  const { lines = [line(event(now))], arrival = now + 200, ...rest } = over;
  const seq = over.seq ?? sealedBy.get(who.producer) ?? 0;
  sealedBy.set(who.producer, seq + 1);
  const prev = seq === 0 ? null : 'A'.repeat(43);
  const { client, producer } = who;
  const batch = batchOf(lines, { client, producer, seq, prev, ...rest });
  return { data: signBatch(batch, who.grantId, who.key), arrival };
}

export const poisoned = (text = 'no record'): Sent => ({ data: Buffer.from(text), arrival: now });
