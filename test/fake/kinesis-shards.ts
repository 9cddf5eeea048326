import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';

interface FakeShard {
  readonly parents: readonly string[];
  readonly records: {
    readonly SequenceNumber: string;
    readonly PartitionKey: string;
    readonly Data: Buffer;
    readonly ApproximateArrivalTimestamp: Date;
  }[];
  closed: boolean;
}

export interface FakeKinesis {
  readonly client: KinesisClient;
  /** @returns the record's sequence number. */
  put(shardId: string, data: string | Buffer, more?: { key?: string; arrived?: number }): string;
  addShard(shardId: string, ...parents: string[]): void;
  closeShard(shardId: string): void;
  /** The next call of this operation fails so. */
  failNext(operation: string, name: string): void;
  /** Every iterator that was given out is expired. */
  expireIterators(): void;
  /** Calls so far, by operation. */
  readonly calls: Map<string, number>;
}

/** What an event source mapping asks of Kinesis, answered from arrays. ListShards has pages of two. */
export function createFakeKinesis(...shardIds: string[]): FakeKinesis {
  const shards = new Map<string, FakeShard>();
  const calls = new Map<string, number>();
  const failures: { operation: string; name: string }[] = [];
  let sequence = 9n;
  let generation = 0;

  function addShard(shardId: string, ...parents: string[]) {
    shards.set(shardId, { parents, records: [], closed: false });
  }
  for (const shardId of shardIds) addShard(shardId);

  function shardOf(shardId: string | undefined): FakeShard {
    const shard = shards.get(shardId ?? '');
    if (!shard) throw named('ResourceNotFoundException');
    return shard;
  }

  function listShards({ NextToken }: { NextToken?: string | undefined }) {
    const start = Number(NextToken ?? 0);
    const page = [...shards].slice(start, start + 2);
    return {
      Shards: page.map(([ShardId, { parents, closed }]) => ({
        ShardId,
        ...(parents[0] && { ParentShardId: parents[0] }),
        ...(parents[1] && { AdjacentParentShardId: parents[1] }),
        SequenceNumberRange: {
          StartingSequenceNumber: '1',
          ...(closed && { EndingSequenceNumber: String(sequence) }),
        },
      })),
      ...(start + 2 < shards.size && { NextToken: String(start + 2) }),
    };
  }

  function getShardIterator(input: GetShardIteratorCommand['input']) {
    const { records } = shardOf(input.ShardId);
    const at = {
      TRIM_HORIZON: () => 0,
      LATEST: () => records.length,
      AFTER_SEQUENCE_NUMBER: () =>
        1 + records.findIndex((each) => each.SequenceNumber === input.StartingSequenceNumber),
      AT_SEQUENCE_NUMBER: () =>
        records.findIndex((each) => each.SequenceNumber === input.StartingSequenceNumber),
      AT_TIMESTAMP: () => {
        const since = input.Timestamp?.getTime() ?? 0;
        const found = records.findIndex(
          (each) => each.ApproximateArrivalTimestamp.getTime() >= since,
        );
        return found < 0 ? records.length : found;
      },
    }[input.ShardIteratorType ?? 'LATEST']();
    return { ShardIterator: `${input.ShardId} ${at} ${generation}` };
  }

  function getRecords(input: GetRecordsCommand['input']) {
    const [shardId, at, given] = input.ShardIterator?.split(' ') ?? [];
    if (Number(given) !== generation) throw named('ExpiredIteratorException');
    const { records, closed } = shardOf(shardId);
    const end = Math.min(records.length, Number(at) + (input.Limit ?? 10_000));
    const drained = closed && end === records.length;
    return {
      Records: records.slice(Number(at), end),
      MillisBehindLatest: end === records.length ? 0 : 1,
      ...(!drained && { NextShardIterator: `${shardId} ${end} ${generation}` }),
    };
  }

  async function send(command: object) {
    const operation = command.constructor.name.replace('Command', '');
    calls.set(operation, (calls.get(operation) ?? 0) + 1);
    const failure = failures.findIndex((each) => each.operation === operation);
    if (failure >= 0) throw named(failures.splice(failure, 1)[0]?.name ?? '');
    if (command instanceof ListShardsCommand) return listShards(command.input);
    if (command instanceof GetShardIteratorCommand) return getShardIterator(command.input);
    if (command instanceof GetRecordsCommand) return getRecords(command.input);
    throw named('UnknownOperationException');
  }

  return {
    client: { send } as unknown as KinesisClient,
    put(shardId, data, { key = 'key', arrived = Date.now() } = {}) {
      const SequenceNumber = String(++sequence);
      shardOf(shardId).records.push({
        SequenceNumber,
        PartitionKey: key,
        Data: Buffer.from(data as string),
        ApproximateArrivalTimestamp: new Date(arrived),
      });
      return SequenceNumber;
    },
    addShard,
    closeShard: (shardId) => {
      shardOf(shardId).closed = true;
    },
    failNext: (operation, name) => failures.push({ operation, name }),
    expireIterators: () => {
      generation += 1;
    },
    calls,
  };
}

function named(name: string): Error {
  return Object.assign(new Error(name), { name });
}
