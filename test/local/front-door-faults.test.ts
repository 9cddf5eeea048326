import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createStreamService } from '../fake/stream-service.ts';
import { allow, openFrontDoor, policy } from '../fixture/front-door.ts';
import { http1, put, streamArn } from '../fixture/put-calls.ts';

let local: Awaited<ReturnType<typeof openFrontDoor>>;
const service = createStreamService(streamArn);

beforeAll(async () => {
  local = await openFrontDoor(() => [service]);
});
beforeEach(() => {
  service.reached.length = 0;
  local.faults.clear();
  local.faults.seen.clear();
  local.clock.offset = 0;
});
afterAll(() => local.close());

describe('a fault', () => {
  it('answers with an error, as many times as it says, for whom it says', async () => {
    const client = http1(local.asRole('writer', [policy(allow('kinesis:*'))]));
    const fault = {
      kind: 'error',
      code: 'ProvisionedThroughputExceededException',
      status: 400,
    } as const;
    local.faults.add({
      service: 'kinesis',
      operation: 'PutRecords',
      principal: /writer/g,
      times: 2,
      fault,
    });
    for (const _ of [1, 2]) {
      await http1(local.asRoot()).send(put());
      await expect(client.send(put())).rejects.toMatchObject({ name: fault.code });
    }
    await client.send(put());
    expect(service.reached.length).toBe(3);
    expect(local.faults.seen.get('kinesis:PutRecords')).toBe(5);
  });

  it.each([
    ['HTTP/1.1', () => http1(local.asRoot())],
    ['HTTP/2', () => new KinesisClient(local.asRoot())],
  ])('cuts the connection before and after the request is handled, over %s', async (_, client) => {
    const remove = local.faults.add({ service: 'kinesis', fault: { kind: 'cut' } });
    await expect(client().send(put())).rejects.toThrow();
    expect(service.reached.length).toBe(0);
    remove();
    local.faults.add({ service: 'kinesis', times: 1, fault: { kind: 'cut-after' } });
    await expect(client().send(put())).rejects.toThrow();
    expect(service.reached.length).toBe(1);
    await client().send(put());
  });

  it('holds a request until it is let go', async () => {
    const gate = Promise.withResolvers<void>();
    local.faults.add({
      service: 'kinesis',
      times: 1,
      fault: { kind: 'delay', until: gate.promise },
    });
    const held = http1(local.asRoot()).send(put());
    await expect.poll(() => local.faults.seen.get('kinesis:PutRecords')).toBe(1);
    await http1(local.asRoot()).send(put());
    expect(service.reached.length).toBe(1);
    gate.resolve();
    await held;
    expect(service.reached.length).toBe(2);
  });

  it('answers in the service’s place, and lets through only what it passes on', async () => {
    const asked: string[] = [];
    local.faults.add({
      service: 'kinesis',
      fault: {
        kind: 'stand-in',
        async answer(request, pass) {
          const input = JSON.parse(String(request.body)) as { Records: object[] };
          asked.push(request.operation);
          if (input.Records.length === 1)
            return { status: 200, body: '{"FailedRecordCount":7,"Records":[]}' };
          return pass({ ...request, body: Buffer.from(JSON.stringify({ ...input, Records: [] })) });
        },
      },
    });
    expect((await http1(local.asRoot()).send(put())).FailedRecordCount).toBe(7);
    expect(service.reached).toEqual([]);
    const { StreamARN, Records: [record] = [] } = put().input;
    const two = [record, record].flatMap((each) => each ?? []);
    await http1(local.asRoot()).send(new PutRecordsCommand({ StreamARN, Records: two }));
    expect(service.reached.map(({ body }) => JSON.parse(String(body)).Records)).toEqual([[]]);
    expect(asked).toEqual(['PutRecords', 'PutRecords']);
  });

  it('rewrites an answer', async () => {
    local.faults.add({
      service: 'kinesis',
      fault: {
        kind: 'rewrite',
        response: (answer) => ({ ...answer, body: '{"FailedRecordCount":7}' }),
      },
    });
    expect((await http1(local.asRoot()).send(put())).FailedRecordCount).toBe(7);
  });
});
