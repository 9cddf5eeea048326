import type { Place } from '../../src/local/service.ts';
import type { Made, Provider } from '../../src/local/template/provider.ts';

/** Arguments of one call of a provider, by the method's name. */
export type Calls = {
  readonly [Method in keyof Provider]: Parameters<Provider[Method]>[0][];
};

/** A provider that makes nothing and remembers what it was asked for, in order. */
export function recordingProvider(place: Place): { provider: Provider; calls: Calls } {
  const arn = (service: string, rest: string) =>
    `arn:aws:${service}:${place.region}:${place.account}:${rest}`;
  const calls: Calls = {
    remove: [],
    role: [],
    policy: [],
    key: [],
    stream: [],
    table: [],
    queue: [],
    queuePolicy: [],
    bucket: [],
    bucketPolicy: [],
    function: [],
    eventSourceMapping: [],
    permission: [],
    rule: [],
    httpApi: [],
    httpStage: [],
    integration: [],
    route: [],
  };
  const record =
    <Method extends keyof Provider>(
      method: Method,
      made: (spec: Parameters<Provider[Method]>[0], number: number) => Made,
    ) =>
    async (spec: Parameters<Provider[Method]>[0]): Promise<Made> => {
      const list: unknown[] = calls[method];
      list.push(spec);
      return made(spec, list.length);
    };
  const plain = (kind: string) => (_spec: unknown, number: number) => ({
    ref: `${kind}-${number}`,
    attributes: {},
  });
  const provider: Provider = {
    async remove(type) {
      calls.remove.push(type);
    },
    role: record('role', ({ name }) => ({
      ref: name,
      attributes: { Arn: `arn:aws:iam::${place.account}:role/${name}` },
    })),
    policy: record('policy', plain('policy')),
    key: record('key', ({ spec }) => ({
      ref: spec,
      attributes: { Arn: arn('kms', `key/${spec}`) },
    })),
    stream: record('stream', ({ name }) => ({
      ref: name,
      attributes: { Arn: arn('kinesis', `stream/${name}`) },
    })),
    table: record('table', ({ TableName }) => ({
      ref: TableName,
      attributes: { Arn: arn('dynamodb', `table/${TableName}`) },
    })),
    queue: record('queue', ({ name }) => ({
      ref: `http://127.0.0.1/${place.account}/${name}`,
      attributes: { Arn: arn('sqs', name), QueueName: name },
    })),
    queuePolicy: record('queuePolicy', plain('queue-policy')),
    bucket: record('bucket', ({ name }) => ({
      ref: name,
      attributes: { Arn: `arn:aws:s3:::${name}` },
    })),
    bucketPolicy: record('bucketPolicy', plain('bucket-policy')),
    function: record('function', ({ name }) => ({
      ref: name,
      attributes: { Arn: arn('lambda', `function:${name}`) },
    })),
    eventSourceMapping: record('eventSourceMapping', plain('mapping')),
    permission: record('permission', plain('permission')),
    rule: record('rule', ({ name }) => ({
      ref: name,
      attributes: { Arn: arn('events', `rule/${name}`) },
    })),
    httpApi: record('httpApi', () => ({
      ref: 'api',
      attributes: { ApiEndpoint: 'http://127.0.0.1' },
    })),
    httpStage: record('httpStage', ({ name }) => ({ ref: name, attributes: {} })),
    integration: record('integration', plain('integration')),
    route: record('route', plain('route')),
  };
  return { provider, calls };
}
