import { KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { HttpResponse } from '@smithy/protocol-http';
import { expect, test } from 'vitest';
import { countThrottles } from '../../src/token/count-throttles.ts';

/** A client's configuration whose every request is answered so. */
function answering(statusCode: number, body: string) {
  let requests = 0;
  return {
    requests: () => requests,
    config: {
      region: 'us-east-1',
      credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
      maxAttempts: 2,
      requestHandler: {
        handle: async () => {
          requests++;
          const headers = { 'content-type': 'application/x-amz-json-1.1' };
          return { response: new HttpResponse({ statusCode, headers, body: Buffer.from(body) }) };
        },
      },
    },
  };
}

const sign = new SignCommand({
  KeyId: 'k',
  Message: Buffer.from('m'),
  SigningAlgorithm: 'ED25519_SHA_512',
});
const assume = new AssumeRoleCommand({
  RoleArn: 'arn:aws:iam::123456789012:role/w',
  RoleSessionName: 's',
});

test('every try that KMS throttles is told, not only the last', async () => {
  const { config, requests } = answering(400, '{"__type":"ThrottlingException"}');
  const kms = new KMSClient(config);
  let throttled = 0;
  countThrottles(kms, () => throttled++);
  await expect(kms.send(sign)).rejects.toThrow();
  expect([throttled, requests()]).toEqual([2, 2]);
});

test('every try that STS throttles is told', async () => {
  const error =
    '<ErrorResponse><Error><Code>Throttling</Code><Message>m</Message></Error></ErrorResponse>';
  const { config } = answering(400, error);
  const sts = new STSClient(config);
  let throttled = 0;
  countThrottles(sts, () => throttled++);
  await expect(sts.send(assume)).rejects.toThrow();
  expect(throttled).toBe(2);
});

test('another failure is not', async () => {
  const { config } = answering(400, '{"__type":"AccessDeniedException"}');
  const kms = new KMSClient(config);
  let throttled = 0;
  countThrottles(kms, () => throttled++);
  await expect(kms.send(sign)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  expect(throttled).toBe(0);
});
