import { randomBytes } from 'node:crypto';
import { Kinesis } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createKinesis } from '../../src/local/kinesis/service.ts';
import { arnOf, localKinesis, place, records, shard } from '../fixture/local-kinesis.ts';
import { serveService } from '../fixture/serve-service.ts';

describe('over the wire', () => {
  it('gives the SDK back the bytes, the key and the time that it put', async () => {
    const served = await serveService(createKinesis({ place }));
    onTestFinished(() => served.close());
    const requestHandler = new NodeHttpHandler();
    const client = new Kinesis({
      endpoint: served.endpoint,
      region: place.region,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      requestHandler,
    });
    onTestFinished(() => client.destroy());

    await client.createStream({ StreamName: 'wire', ShardCount: 1 });
    const data = randomBytes(300_000);
    const before = Date.now();
    const { ShardId, SequenceNumber } = await client.putRecord({
      StreamARN: arnOf('wire'),
      PartitionKey: 'ключ',
      Data: data,
    });
    const { ShardIterator } = await client.getShardIterator({
      StreamName: 'wire',
      ShardId,
      ShardIteratorType: 'TRIM_HORIZON',
    });
    const { Records = [], NextShardIterator } = await client.getRecords({ ShardIterator });

    expect(Records).toHaveLength(1);
    expect(Buffer.from(Records[0]?.Data ?? []).equals(data)).toBe(true);
    expect(Records[0]).toMatchObject({ SequenceNumber, PartitionKey: 'ключ' });
    expect(Number(Records[0]?.ApproximateArrivalTimestamp)).toBeGreaterThanOrEqual(before);
    expect(NextShardIterator).toEqual(expect.any(String));
    const nobody = client.describeStream({ StreamName: 'nobody' });
    await expect(nobody).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('tells its listeners of what is put or split, and not of what is read or refused', async () => {
    const { service, call, refusal, put, iterator } = localKinesis();
    let told = 0;
    service.onChange(() => {
      told += 1;
    });
    await call('GetRecords', { ShardIterator: await iterator('TRIM_HORIZON') });
    await refusal('PutRecord', { PartitionKey: 'p', Data: '?' });
    expect(told).toBe(0);
    await put('a');
    await call('PutRecords', { Records: records(2) });
    expect(told).toBe(2);
    await call('SplitShard', { ShardToSplit: shard(0), NewStartingHashKey: '7' });
    expect(told).toBe(3);
  });

  it('takes the operation from the target header, and nothing from a strange one', () => {
    const { service, request } = localKinesis();
    expect(service.operation(request('PutRecords', {}))).toBe('PutRecords');
    const strange = { ...request('x', {}), headers: { 'x-amz-target': 'DynamoDB_20120810.Query' } };
    expect(service.operation(strange)).toBe('');
  });

  it('refuses what is not JSON, of the wrong type, not base64, or unknown', async () => {
    const { refusal } = localKinesis();
    expect(await refusal('PutRecord', '{"StreamName":')).toBe('SerializationException');
    expect(await refusal('PutRecord', '[]')).toBe('SerializationException');
    const entry = { PartitionKey: 'p', Data: '' };
    expect(await refusal('PutRecord', { ...entry, PartitionKey: 7 })).toBe(
      'SerializationException',
    );
    expect(await refusal('PutRecord', { ...entry, Data: 'aGk' })).toBe('SerializationException');
    expect(await refusal('PutRecord', { ...entry, Data: 'a*==' })).toBe('SerializationException');
    expect(await refusal('PutRecord', { Data: '' })).toBe('ValidationException');
    expect(await refusal('Nonsense')).toBe('UnknownOperationException');
    expect(await refusal('GetRecords', { ShardIterator: 'AAAA' })).toBe('InvalidArgumentException');
  });
});

describe('streams', () => {
  it('are created by the template as by a call, once each', async () => {
    const { service, call, refusal } = localKinesis();
    const made = service.createStream({ name: 'od', mode: 'ON_DEMAND', retentionHours: 168 });
    expect(made).toEqual({ arn: arnOf('od') });
    expect([service.hasStream('od'), service.hasStream('no')]).toEqual([true, false]);
    const { StreamDescriptionSummary: summary } = await call('DescribeStreamSummary', {
      StreamName: 'od',
    });
    expect(summary).toMatchObject({
      StreamARN: arnOf('od'),
      StreamStatus: 'ACTIVE',
      StreamModeDetails: { StreamMode: 'ON_DEMAND' },
      RetentionPeriodHours: 168,
      OpenShardCount: 4,
    });
    expect(await refusal('CreateStream', { ShardCount: 1 })).toBe('ResourceInUseException');
    const again = { name: 's', mode: 'ON_DEMAND', retentionHours: 24 } as const;
    expect(() => service.createStream(again)).toThrow('already exists');
    const many = { StreamName: 'many', ShardCount: 501 };
    expect(await refusal('CreateStream', many)).toBe('LimitExceededException');
  });

  it('are named by name, by ARN, or by both if they agree', async () => {
    const { service, call, refusal } = localKinesis();
    service.createStream({ name: 't', mode: 'PROVISIONED', retentionHours: 24 });
    const named = async (reference: object) =>
      (await call('DescribeStreamSummary', { StreamName: undefined, ...reference }))
        .StreamDescriptionSummary.StreamName;
    expect(await named({ StreamARN: arnOf('t') })).toBe('t');
    expect(await named({ StreamARN: arnOf('t'), StreamName: 't' })).toBe('t');
    const denied = (reference: object) =>
      refusal('DescribeStreamSummary', { StreamName: undefined, ...reference });
    expect(await denied({ StreamName: 's', StreamARN: arnOf('t') })).toBe(
      'InvalidArgumentException',
    );
    expect(await denied({})).toBe('InvalidArgumentException');
    const foreign = arnOf('t').replace('000000000000', '111111111111');
    expect(await denied({ StreamARN: foreign })).toBe('ResourceNotFoundException');
  });

  it('are listed in order, in pages', async () => {
    const { service, call } = localKinesis();
    for (const name of ['c', 'a', 'b'])
      service.createStream({ name, mode: 'PROVISIONED', retentionHours: 24 });
    const first = await call('ListStreams', { Limit: 3 });
    expect(first).toMatchObject({ StreamNames: ['a', 'b', 'c'], HasMoreStreams: true });
    const second = await call('ListStreams', { NextToken: first.NextToken });
    expect(second).toMatchObject({ StreamNames: ['s'], HasMoreStreams: false });
  });

  it('do not honour the iterators of an earlier stream of their name', async () => {
    const { service, clock, call, put, refusal, iterator } = localKinesis();
    await put('secret');
    const old = await iterator('TRIM_HORIZON');
    await call('DeleteStream');
    expect(await refusal('GetRecords', { ShardIterator: old })).toBe('ResourceNotFoundException');
    clock.now += 1;
    service.createStream({ name: 's', mode: 'PROVISIONED', retentionHours: 24 });
    expect(await refusal('GetRecords', { ShardIterator: old })).toBe('ResourceNotFoundException');
  });
});

describe('access', () => {
  it('is asked for on the stream that the operation will use', async () => {
    const { service, request, call, iterator } = localKinesis({ shards: 2 });
    service.createStream({ name: 'other', mode: 'PROVISIONED', retentionHours: 24 });
    const needs = (operation: string, input: object) =>
      service.access(request(operation, input)).map(({ action, resource }) => [action, resource]);
    const ShardIterator = await iterator('LATEST');
    const { NextToken } = await call('ListShards', { MaxResults: 1 });

    const put = { StreamName: 's', Records: records(1) };
    expect(needs('PutRecords', put)).toEqual([['kinesis:PutRecords', arnOf('s')]]);
    const foreign = 'arn:aws:kinesis:eu-west-1:111111111111:stream/s';
    expect(needs('PutRecord', { StreamARN: foreign })).toEqual([['kinesis:PutRecord', foreign]]);
    expect(needs('CreateStream', { StreamName: 'n' })).toEqual([
      ['kinesis:CreateStream', arnOf('n')],
    ]);
    expect(needs('ListStreams', { NextToken })).toEqual([['kinesis:ListStreams', '*']]);
    expect(needs('PutRecords', {})).toEqual([]);
    // An iterator or a token decides alone; beside it, or in another operation, nothing can stand in for it.
    const decoy = { StreamName: 'other', StreamARN: arnOf('other') };
    const reading = [['kinesis:GetRecords', arnOf('s')]];
    expect(needs('GetRecords', { ShardIterator })).toEqual(reading);
    expect(needs('GetRecords', { ShardIterator, ...decoy })).toEqual(reading);
    expect(needs('GetRecords', { ShardIterator: 'AAAA', ...decoy })).toEqual([]);
    const listing = [['kinesis:ListShards', arnOf('s')]];
    expect(needs('ListShards', { NextToken })).toEqual(listing);
    expect(needs('ListShards', { NextToken, StreamARN: arnOf('other') })).toEqual(listing);
    const describing = { NextToken, ShardIterator, StreamARN: arnOf('other') };
    expect(needs('DescribeStream', describing)).toEqual([
      ['kinesis:DescribeStream', arnOf('other')],
    ]);
  });

  it('is not widened by naming a second stream: the operation refuses', async () => {
    const { service, refusal, iterator } = localKinesis();
    service.createStream({ name: 'other', mode: 'PROVISIONED', retentionHours: 24 });
    const ShardIterator = await iterator('LATEST');
    const read = { StreamName: undefined, ShardIterator, StreamARN: arnOf('other') };
    expect(await refusal('GetRecords', read)).toBe('InvalidArgumentException');
    const put = { StreamARN: arnOf('other'), PartitionKey: 'p', Data: '' };
    expect(await refusal('PutRecord', put)).toBe('InvalidArgumentException');
  });
});

describe('speed', () => {
  it('takes and gives back more than 20,000 small records in a second of processor time', async () => {
    const { service, clock, request, call, iterator } = localKinesis({ shards: 4 });
    const count = 20_000;
    const requests = Array.from({ length: count / 500 }, (_, turn) =>
      request('PutRecords', {
        StreamName: 's',
        Records: Array.from({ length: 500 }, (_, index) => ({
          PartitionKey: `key-${turn}-${index}`,
          Data: Buffer.alloc(48, 'x').toString('base64'),
        })),
      }),
    );
    const started = process.cpuUsage();
    for (const one of requests) {
      await service.handle(one);
      clock.now += 500;
    }
    let given = 0;
    for (let index = 0; index < 4; index += 1) {
      const ShardIterator = await iterator('TRIM_HORIZON', { ShardId: shard(index) });
      given += (await call('GetRecords', { ShardIterator })).Records.length;
    }
    const { user, system } = process.cpuUsage(started);
    expect(given).toBe(count);
    expect(user + system).toBeLessThan(1_000_000);
  });
});
