import { describe, expect, test } from 'vitest';
import { parseId } from '../../src/cli/dlq/dead-letters.ts';
import { parseObject, toRecord } from '../../src/cli/dlq/letter.ts';
import { arrived } from '../../src/consumer/arrived.ts';
import { setAside } from '../../src/consumer/set-aside.ts';

const arrival = Date.parse('2026-11-24T10:00:00.123Z');
const place = { shard: 'shardId-000000000001', partitionKey: 'p', arrival };

async function putAside(): Promise<[key: string, body: string]> {
  const objects: [string, string][] = [];
  const why = { code: 'record-malformed' as const, reason: 'no line', tenant: undefined };
  await setAside(
    ['7', '8', '9'].map((sequenceNumber, i) => ({
      ...why,
      arrived: {
        ...place,
        sequenceNumber,
        data: Buffer.from([i, 255]),
        ...(i > 0 && { attempts: i }),
      },
    })),
    async (key, body) => void objects.push([key, body]),
  );
  return objects[0] ?? ['', ''];
}

const record = (sequenceNumber: string) => ({
  eventID: `shardId-000000000001:${sequenceNumber}`,
  eventSource: 'aws:kinesis',
  kinesis: {
    kinesisSchemaVersion: '1.0',
    partitionKey: 'p',
    sequenceNumber,
    data: Buffer.from([1, 255]).toString('base64'),
    approximateArrivalTimestamp: arrival / 1000,
  },
});
const givenUp = (payload: unknown) =>
  JSON.stringify({
    requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 101 },
    version: '1.0',
    payload,
  });

test('what the consumer put aside is read back as it was, attempts too', async () => {
  const [key, body] = await putAside();
  const { letters } = parseObject('quarantine', key, body);
  expect(letters.map(({ attempts }) => attempts)).toEqual([0, 1, 2]);
  expect(letters[1]).toMatchObject({
    ...place,
    id: `quarantine/${key}#8`,
    code: 'record-malformed',
    data: Buffer.from([1, 255]),
  });
});

test('a letter becomes the very record that the function was given', async () => {
  const [key, body] = await putAside();
  const [letter] = parseObject('quarantine', key, body).letters;
  expect(letter && arrived(toRecord(letter))).toEqual({
    ...place,
    sequenceNumber: '7',
    data: Buffer.from([0, 255]),
  });
});

test('without some of them the other lines stay byte for byte; without all nothing is left', async () => {
  const [key, body] = await putAside();
  const { letters, without } = parseObject('quarantine', key, body);
  const [first, second, third] = body.trimEnd().split('\n');
  expect(without(new Set(letters.slice(1, 2)))).toBe(`${first}\n${third}\n`);
  expect(second).toContain('"8"');
  expect(without(new Set(letters))).toBeUndefined();
});

describe.each([
  ['an object', (event: object) => event],
  ['a text', (event: object) => JSON.stringify(event)],
])('what Lambda gave up, with its payload as %s,', (_, form) => {
  const key = 'aws/lambda/esm/shardId-000000000001/2026/11/24/2026-11-24T10.00.00-x';
  const text = givenUp(form({ Records: [record('7'), record('8')], more: 1 }));

  test('is read, by the arrival of each record', () => {
    const { letters } = parseObject('redrive', key, text);
    expect(letters[1]).toMatchObject({
      ...place,
      id: `redrive/${key}#8`,
      code: 'given-up',
      sequenceNumber: '8',
      data: Buffer.from([1, 255]),
      attempts: 0,
    });
    expect(letters[1]?.reason).toContain('101');
  });

  test('keeps its form without some of them', () => {
    const { letters, without } = parseObject('redrive', key, text);
    expect(without(new Set(letters.slice(0, 1)))).toBe(
      givenUp(form({ Records: [record('8')], more: 1 })),
    );
    expect(without(new Set(letters))).toBeUndefined();
  });
});

test.each([
  ['x.ndjson', 'not json'],
  ['x.ndjson', '{"code":"a"}'],
  [
    'x.ndjson',
    '{"code":"a","reason":"b","arrival":"yesterday","shard":"s","sequenceNumber":"1","partitionKey":"p","record":""}',
  ],
  ['aws/lambda/x', '{"requestContext":{"condition":"x","approximateInvokeCount":1}}'],
  ['aws/lambda/x', givenUp('{')],
])('an object of another form is refused, not half read: %s %s', (key, text) => {
  expect(() => parseObject('redrive', key, text)).toThrow();
});

test.each(['x', 'other/a', 'redrive/', 'redrive/a#', 'redrive/a#b', 'quarantine/a#1#2'])(
  '%s is no id',
  (id) => {
    expect(() => parseId(id)).toThrow(/no id/);
  },
);

test('an id names a bucket, an object, and maybe a record in it', () => {
  expect(parseId('redrive/a/b.ndjson#12')).toEqual({
    bucket: 'redrive',
    key: 'a/b.ndjson',
    record: '12',
  });
  expect(parseId('quarantine/a')).toEqual({ bucket: 'quarantine', key: 'a', record: undefined });
});
