import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import { putInto } from '../../src/consumer/put-into.ts';

const refusal = (name: string, httpStatusCode: number) =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode } });
const conflict = refusal('ConditionalRequestConflict', 409);
const taken = refusal('PreconditionFailed', 412);

function setUp() {
  const client = new S3Client({ region: 'us-east-1' });
  const s3 = mockClient(client);
  return { s3, answer: s3.on(PutObjectCommand), into: putInto(client, 'bucket') };
}

test('a new object is put on the condition that there is none', async () => {
  const { s3, answer, into } = setUp();
  answer.resolves({});
  expect(await into.putNew('key', 'body')).toBe('created');
  expect(s3.commandCalls(PutObjectCommand)[0]?.args[0].input).toMatchObject({
    ...{ Bucket: 'bucket', Key: 'key', Body: 'body', IfNoneMatch: '*' },
  });
});

test('one that is there is kept already', async () => {
  const { answer, into } = setUp();
  answer.rejects(taken);
  expect(await into.putNew('key', 'body')).toBe('present');
});

test('one that somebody else is writing is waited for', async () => {
  const { answer, into } = setUp();
  answer.rejectsOnce(conflict).rejects(taken);
  expect(await into.putNew('key', 'body')).toBe('present');
});

test('one that somebody else goes on writing is not waited for for ever', async () => {
  const { s3, answer, into } = setUp();
  answer.rejects(conflict);
  await expect(into.putNew('key', 'body')).rejects.toThrow('ConditionalRequestConflict');
  expect(s3.calls()).toHaveLength(4);
});

test.each([
  ['AccessDenied', 403],
  ['SlowDown', 503],
] as const)('%s is no success', async (name, status) => {
  const { answer, into } = setUp();
  answer.rejects(refusal(name, status));
  await expect(into.putNew('key', 'body')).rejects.toThrow(name);
  await expect(into.put('key', 'body')).rejects.toThrow(name);
});
