import { z } from 'zod';
import { hashKeyOf, hashKeyText, parseHashKey } from './hash-key.ts';
import { invalid, KinesisError } from './kinesis-error.ts';
import { limits } from './limits.ts';
import { hashKey, parseInput, sequenceNumber, streamReference } from './parse-input.ts';
import { parseSequenceNumber } from './sequence-number.ts';
import type { Shard } from './shard.ts';
import type { Stream } from './stream.ts';
import type { Streams } from './streams.ts';

const entry = {
  Data: z.string(),
  PartitionKey: z.string().min(1).max(256),
  ExplicitHashKey: hashKey.optional(),
};
const putRecordInput = z.object({
  ...streamReference,
  ...entry,
  SequenceNumberForOrdering: sequenceNumber.optional(),
});
const putRecordsInput = z.object({
  ...streamReference,
  Records: z.array(z.object(entry)).min(1).max(limits.requestRecords),
});

/** A record that may be put. */
interface Entry {
  readonly partitionKey: string;
  readonly hashKey: string;
  readonly data: Buffer;
  /** Of partition key and data. */
  readonly bytes: number;
}

const throttled = 'ProvisionedThroughputExceededException';

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html */
export function putRecord(streams: Streams, raw: unknown) {
  const input = parseInput(putRecordInput, raw);
  const stream = streams.find(input);
  const after = input.SequenceNumberForOrdering;
  if (after !== undefined && parseSequenceNumber(after) === undefined)
    throw invalid(`ExclusiveMinimumSequenceNumber ${after} used in PutRecord is invalid.`);
  const { shard, record } = append(stream, readEntry(input), streams.now());
  if (record === undefined) throw new KinesisError(throttled, rateExceeded(streams, stream, shard));
  return { ShardId: shard.id, SequenceNumber: record.sequenceNumber };
}

/**
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html: a request that breaks a rule
 * is refused as a whole; one that the shards cannot take right now is taken as far as it goes.
 */
export function putRecords(streams: Streams, raw: unknown) {
  const input = parseInput(putRecordsInput, raw);
  const stream = streams.find(input);
  const entries = input.Records.map(readEntry);
  if (entries.reduce((sum, { bytes }) => sum + bytes, 0) > limits.requestBytes)
    throw invalid(`Records size exceeds ${limits.requestBytes} bytes.`);

  const now = streams.now();
  const results = entries.map((item) => {
    const { shard, record } = append(stream, item, now);
    return record === undefined
      ? { ErrorCode: throttled, ErrorMessage: rateExceeded(streams, stream, shard) }
      : { SequenceNumber: record.sequenceNumber, ShardId: shard.id };
  });
  const failed = results.filter((result) => 'ErrorCode' in result).length;
  return { FailedRecordCount: failed, Records: results };
}

function readEntry(input: z.infer<z.ZodObject<typeof entry>>): Entry {
  const data = decodeBlob(input.Data);
  const bytes = data.length + Buffer.byteLength(input.PartitionKey);
  if (bytes > limits.recordBytes)
    throw invalid(`Record size ${bytes} exceeds the maximum record size of ${limits.recordBytes}.`);
  const hashKey = explicit(input.ExplicitHashKey) ?? hashKeyOf(input.PartitionKey);
  return { partitionKey: input.PartitionKey, hashKey, data, bytes };
}

function append(stream: Stream, item: Entry, now: number) {
  const shard = stream.shardFor(item.hashKey);
  shard.trim(stream.horizon(now));
  return { shard, record: shard.append(item.partitionKey, item.data, item.bytes, now) };
}

function explicit(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const key = parseHashKey(text);
  if (key !== undefined) return hashKeyText(key);
  throw invalid(`Invalid ExplicitHashKey. It must be in the range: [0, 2^128-1]. It was ${text}`);
}

/** Node leaves out what is not base64 without a word: then the length is not what the text promised. */
function decodeBlob(text: string): Buffer {
  const data = Buffer.from(text, 'base64');
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  if (data.length !== (text.length / 4) * 3 - padding)
    throw new KinesisError('SerializationException', 'Data is not base64');
  return data;
}

const rateExceeded = (streams: Streams, stream: Stream, shard: Shard) =>
  `Rate exceeded for shard ${shard.id} in stream ${stream.name} under account ${streams.account}.`;
