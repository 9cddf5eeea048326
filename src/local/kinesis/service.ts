import { randomUUID } from 'node:crypto';
import type {
  Access,
  AwsRequest,
  AwsResponse,
  AwsService,
  Place,
  PolicyDocument,
} from '../service.ts';
import {
  decreaseStreamRetentionPeriod,
  increaseStreamRetentionPeriod,
} from './change-retention.ts';
import { describeStream, describeStreamSummary } from './describe-stream.ts';
import { getRecords } from './get-records.ts';
import { getShardIterator } from './get-shard-iterator.ts';
import { KinesisError } from './kinesis-error.ts';
import { limits } from './limits.ts';
import { listShards } from './list-shards.ts';
import { createStream, deleteStream, listStreams } from './manage-streams.ts';
import { putRecord, putRecords } from './put-records.ts';
import { mergeShards, splitShard } from './reshard.ts';
import { readShardIterator } from './shard-iterator.ts';
import type { StreamMode } from './stream.ts';
import { Streams } from './streams.ts';

export interface KinesisOptions {
  readonly place: Place;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
  /** The policy of a KMS key. @default none: then identity policies alone decide */
  readonly keyPolicy?: (keyArn: string) => PolicyDocument | undefined;
}

/** The operations that are served; an answer of undefined is an empty body. */
const operations = new Map<string, (streams: Streams, input: unknown) => unknown>([
  ['CreateStream', createStream],
  ['DecreaseStreamRetentionPeriod', decreaseStreamRetentionPeriod],
  ['DeleteStream', deleteStream],
  ['DescribeStream', describeStream],
  ['DescribeStreamSummary', describeStreamSummary],
  ['GetRecords', getRecords],
  ['GetShardIterator', getShardIterator],
  ['IncreaseStreamRetentionPeriod', increaseStreamRetentionPeriod],
  ['ListShards', listShards],
  ['ListStreams', listStreams],
  ['MergeShards', mergeShards],
  ['PutRecord', putRecord],
  ['PutRecords', putRecords],
  ['SplitShard', splitShard],
]);

const keyActions = new Map([
  ['GetRecords', 'kms:Decrypt'],
  ['PutRecord', 'kms:GenerateDataKey'],
  ['PutRecords', 'kms:GenerateDataKey'],
]);

/** After these a reader of the stream may find something new. */
const changes = new Set(['PutRecord', 'PutRecords', 'SplitShard', 'MergeShards']);

const target = 'Kinesis_20131202.';

/**
 * Kinesis Data Streams in memory, over AWS JSON 1.1 (what @aws-sdk/client-kinesis speaks:
 * https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html). Nothing outlives the process.
 */
export function createKinesis(options: KinesisOptions): AwsService & {
  /** As CloudFormation would; an on-demand stream starts with 4 shards. Throws if there is one of this name. */
  createStream(input: {
    name: string;
    shards?: number;
    mode: StreamMode;
    retentionHours: number;
    /** With a key of one's own, callers need leave to use it. */
    keyArn?: string;
  }): { arn: string };
  hasStream(name: string): boolean;
  /** Calls `listener` whenever a stream may hold more than before: records were put, or shards split or merged. */
  onChange(listener: () => void): void;
} {
  const streams = new Streams(options.place, options.now ?? Date.now);
  const parseBody = bodyParser();
  const keys = new Map<string, string>();
  const listeners: (() => void)[] = [];

  /** What the caller needs of KMS: https://docs.aws.amazon.com/streams/latest/dev/permissions-user-key-KMS.html */
  function keyAccess(operation: string, streamArn: string): Access[] {
    const resource = keys.get(streamArn);
    const action = keyActions.get(operation);
    if (resource === undefined || action === undefined) return [];
    const resourcePolicy = options.keyPolicy?.(resource);
    return [
      {
        action,
        resource,
        context: { 'kms:ViaService': `kinesis.${options.place.region}.amazonaws.com` },
        ...(resourcePolicy && { resourcePolicy }),
      },
    ];
  }

  return {
    name: 'kinesis',

    operation({ headers }) {
      const value = headers['x-amz-target'] ?? '';
      return value.startsWith(target) ? value.slice(target.length) : '';
    },

    access(request) {
      const access = accessOf(streams, request.operation, parseBody(request.body));
      return access.flatMap((each) => [each, ...keyAccess(request.operation, each.resource)]);
    },

    async handle(request: AwsRequest) {
      try {
        const run = operations.get(request.operation);
        if (run === undefined)
          throw new KinesisError('UnknownOperationException', `${request.operation} is not served`);
        const input = parseBody(request.body);
        if (input === undefined)
          throw new KinesisError('SerializationException', 'The body is not a JSON object');
        const answer = run(streams, input);
        if (changes.has(request.operation)) for (const listener of listeners) listener();
        return respond(200, answer === undefined ? '' : JSON.stringify(answer));
      } catch (error) {
        if (error instanceof KinesisError) return failure(error.code, error.message, 400);
        throw error;
      }
    },

    failure,

    async close() {
      streams.clear();
    },

    createStream({ name, shards, mode, retentionHours, keyArn }) {
      const count = shards ?? (mode === 'ON_DEMAND' ? limits.onDemandShards : 1);
      const { arn } = streams.create(name, mode, count, retentionHours);
      if (keyArn !== undefined) keys.set(arn, keyArn);
      return { arn };
    },

    hasStream: (name) => streams.has(name),

    onChange(listener) {
      listeners.push(listener);
    },
  };
}

/**
 * A request needs its action on the stream that its operation will use, and on no other: an iterator or a
 * token decides alone where the operation reads it, and is not looked at elsewhere. Where there is no stream
 * to be found nothing need be allowed, because the operation refuses such a request.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonkinesisdatastreams.html
 */
function accessOf(streams: Streams, operation: string, input: unknown): Access[] {
  const action = `kinesis:${operation}`;
  if (operation === 'ListStreams') return [{ action, resource: '*' }];
  const resource = resourceOf(streams, operation, input);
  return resource === undefined ? [] : [{ action, resource }];
}

function resourceOf(streams: Streams, operation: string, input: unknown): string | undefined {
  const token = operation === 'ListShards' ? textAt(input, 'NextToken') : undefined;
  const held = operation === 'GetRecords' ? (textAt(input, 'ShardIterator') ?? '') : token;
  const name = held === undefined ? textAt(input, 'StreamName') : readShardIterator(held)?.stream;
  if (name !== undefined) return streams.arnOf(name);
  return held === undefined ? textAt(input, 'StreamARN') : undefined;
}

function textAt(input: unknown, key: string): string | undefined {
  if (typeof input !== 'object' || input === null) return undefined;
  const value: unknown = Reflect.get(input, key);
  return typeof value === 'string' ? value : undefined;
}

/** Parses a body once, for the check of access and for the operation: it may be 14 MiB of base64. */
function bodyParser(): (body: Buffer) => object | undefined {
  const parsed = new WeakMap<Buffer, { readonly input: object | undefined }>();
  return (body) => {
    const known = parsed.get(body);
    if (known !== undefined) return known.input;
    const input = parseObject(body);
    parsed.set(body, { input });
    return input;
  };
}

function parseObject(body: Buffer): object | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function failure(code: string, message: string, status: number): AwsResponse {
  return respond(status, JSON.stringify({ __type: code, message }));
}

function respond(status: number, body: string): AwsResponse {
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amzn-requestid': randomUUID(),
  };
  return { status, headers, body };
}
