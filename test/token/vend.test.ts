import { expect, test } from 'vitest';
import { sessionVendor } from '../../src/token/vend.ts';

const streamArn = 'arn:aws:kinesis:eu-west-1:111122223333:stream/s';

async function policyOf(streamKeyArn?: string): Promise<unknown[]> {
  let policy = '';
  const vend = sessionVendor({
    roleArn: 'arn:aws:iam::111122223333:role/writer',
    streamArn,
    streamKeyArn,
    async assumeRole({ Policy }) {
      policy = Policy ?? '';
      return {
        Credentials: {
          AccessKeyId: 'a',
          SecretAccessKey: 'b',
          SessionToken: 'c',
          Expiration: new Date(0),
        },
      };
    },
  });
  await vend({ grantId: 'g', tenant: 't', client: 'c', seconds: 900 });
  return JSON.parse(policy).Statement;
}

const put = { Effect: 'Allow', Action: 'kinesis:PutRecords', Resource: streamArn };

test('a session may put to the one stream, and nothing else', async () => {
  expect(await policyOf()).toEqual([put]);
});

test('a session may make data keys for a stream with a key of one’s own, through Kinesis only', async () => {
  const key = 'arn:aws:kms:eu-west-1:111122223333:key/k';
  expect(await policyOf(key)).toEqual([
    put,
    {
      Effect: 'Allow',
      Action: 'kms:GenerateDataKey',
      Resource: key,
      Condition: { StringLike: { 'kms:ViaService': 'kinesis.eu-west-1.*' } },
    },
  ]);
});
