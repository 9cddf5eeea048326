import type { KinesisClientConfig, PutRecordsCommandOutput } from '@aws-sdk/client-kinesis';
import type { Internals } from '../../src/client/internals.ts';
import { batchId, type Manifest, parseRecord } from '../../src/domain/manifest.ts';
import { type OpenedLine, openRecord, verifyRecord } from '../../src/domain/open.ts';
import type { IssuedGrant } from './token-service.ts';

/** One record of a PutRecords request. */
export interface PutRecord {
  readonly data: Buffer;
  readonly partitionKey: string;
}

interface PutRequest {
  /** Counts up from 0. */
  readonly number: number;
  readonly at: number;
  readonly records: readonly PutRecord[];
  readonly config: KinesisClientConfig;
}

/** What becomes of a request. `lost`: the records are taken, but the answer is cut off. */
export type Fate =
  | { readonly kind: 'taken'; readonly except?: (record: PutRecord, index: number) => boolean }
  | { readonly kind: 'failed'; readonly name: string }
  | { readonly kind: 'lost' }
  | { readonly kind: 'hangs' };

export interface FakeStream {
  readonly kinesis: Internals['kinesis'];
  readonly requests: PutRequest[];
  /** Records on the stream, in order of arrival. */
  readonly taken: (PutRecord & { readonly at: number })[];
  fate: (request: PutRequest) => Fate;
}

/** A Kinesis stream in process, whose failures a test decides. `now`: the server's clock, epoch ms. */
export function fakeStream(now: () => number): FakeStream {
  const stream: FakeStream = {
    requests: [],
    taken: [],
    fate: () => ({ kind: 'taken' }),
    kinesis: (config) => ({
      async send(command, { abortSignal }) {
        const records = (command.input.Records ?? []).map((record) => ({
          data: Buffer.from(record.Data ?? ''),
          partitionKey: record.PartitionKey ?? '',
        }));
        const request = { number: stream.requests.length, at: now(), records, config };
        stream.requests.push(request);
        await Promise.resolve();
        const fate = stream.fate(request);
        if (fate.kind === 'failed') throw Object.assign(new Error('failed'), { name: fate.name });
        if (fate.kind === 'hangs')
          await new Promise((_, reject) => {
            abortSignal.addEventListener('abort', () => reject(abortSignal.reason));
          });
        const results = records.map((record, index) => {
          if (fate.kind === 'taken' && fate.except?.(record, index) === true)
            return { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'slow' };
          stream.taken.push({ ...record, at: now() });
          return { SequenceNumber: String(stream.taken.length), ShardId: 'shardId-000000000000' };
        });
        if (fate.kind === 'lost')
          throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
        return { Records: results, $metadata: {} } satisfies PutRecordsCommandOutput;
      },
    }),
  };
  return stream;
}

export interface OpenedBatch {
  readonly id: string;
  readonly manifest: Manifest;
  readonly lines: OpenedLine[];
  readonly grant: IssuedGrant;
}

/** What the consumer would make of records: throws if one is not sealed under a grant that was issued. */
export function openTaken(
  records: readonly PutRecord[],
  grants: readonly IssuedGrant[],
): OpenedBatch[] {
  return records.map(({ data, partitionKey }) => {
    const record = parseRecord(data);
    const grant = grants.find(({ id }) => id === record.grantId);
    if (grant === undefined) throw new Error('sealed under a grant that was never issued');
    verifyRecord(record, grant.key);
    const id = batchId(record.manifest);
    if (partitionKey.split('.')[0] !== id) throw new Error('the partition key is not the batch id');
    return { id, manifest: record.manifest, lines: openRecord(record), grant };
  });
}
