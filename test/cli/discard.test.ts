import { generateKeyPairSync, sign } from 'node:crypto';
import { expect, test } from 'vitest';
import { discardDeadLetters } from '../../src/cli/dlq/discard.ts';
import { createOutput } from '../../src/cli/output.ts';
import { readArgs } from '../../src/cli/read-args.ts';
import type { Session } from '../../src/cli/session.ts';

const arrival = Date.parse('2026-11-24T10:00:00.123Z');
const key = '2026/11/24/shardId-000000000001/7-8.ndjson';
const line = (sequenceNumber: string) =>
  JSON.stringify({
    code: 'throttled',
    reason: 'DynamoDB took no more',
    arrival: new Date(arrival).toISOString(),
    shard: 'shardId-000000000001',
    sequenceNumber,
    partitionKey: 'p',
    record: Buffer.from(sequenceNumber).toString('base64'),
  });

/** A deployment in memory, of what `dlq discard` uses: the objects of both buckets, and the calls in their order. */
function deployment(bucket: 'quarantine' | 'redrive') {
  const objects = new Map([[`${bucket}/${key}`, `${line('7')}\n${line('8')}\n`]]);
  const calls: string[] = [];
  const pair = generateKeyPairSync('ed25519');
  type Input = Record<string, unknown>;
  const answers: Record<string, (input: Input) => unknown> = {
    GetCallerIdentity: () => ({ Arn: 'arn:aws:iam::123456789012:role/operator' }),
    GetPublicKey: () => ({ PublicKey: pair.publicKey.export({ type: 'spki', format: 'der' }) }),
    Sign: ({ Message }) => ({ Signature: sign(null, Message as Buffer, pair.privateKey) }),
    PutRecord: () => ({}),
    GetObject({ Bucket, Key }) {
      const text = objects.get(`${Bucket}/${Key}`);
      return { Body: { transformToString: async () => text } };
    },
    PutObject: ({ Bucket, Key, Body }) => void objects.set(`${Bucket}/${Key}`, String(Body)),
    DeleteObject: ({ Bucket, Key }) => void objects.delete(`${Bucket}/${Key}`),
    ReceiveMessage: () => ({ Messages: [] }),
  };
  const client = {
    async send(command: { readonly input: Input; readonly constructor: { name: string } }) {
      const name = command.constructor.name.replace(/Command$/, '');
      calls.push(name);
      return answers[name]?.(command.input);
    },
  };
  const said = { stdout: '', stderr: '' };
  const sink = (name: keyof typeof said) => ({
    write(text: string) {
      said[name] += text;
    },
  });
  const session = {
    aws: { sts: client, kms: client, kinesis: client, s3: client, sqs: client },
    outputs: {
      Issuer: 'sealtrail/dev',
      SigningKeyArn: 'arn:aws:kms:eu-west-1:123456789012:key/k',
      QuarantineBucket: 'quarantine',
      RedriveBucket: 'redrive',
    },
    registry: { tenant: async () => ({ id: 'system', retentionDays: 2555, shards: 1 }) },
    grants: { insert: async () => 'inserted' },
    now: () => arrival,
    out: createOutput(sink('stdout'), sink('stderr'), true),
  } as unknown as Session;
  const run = (...words: string[]) =>
    discardDeadLetters.run(readArgs(discardDeadLetters, words), session);
  return { objects, calls, said, run };
}

const why = ['--why', 'a load test, ticket OPS-1'];

test('what waits in the redrive bucket is given up only with --force', async () => {
  const { objects, calls, said, run } = deployment('redrive');
  const before = new Map(objects);
  const id = ['--id', `redrive/${key}#7`];
  await expect(run(...id, ...why)).rejects.toThrow('redrive them first');
  expect(objects).toEqual(before);
  expect(calls).toEqual(['GetObject']);

  await run(...id, ...why, '--force');
  expect(JSON.parse(said.stdout)).toMatchObject({ id: id[1], discarded: true });
  // The other record stays, and both the intention and the outcome were recorded.
  expect([...objects.values()].map((text) => text.includes('"8"'))).toEqual([true]);
  expect([...objects.values()].join()).not.toContain('"sequenceNumber":"7"');
  expect(calls.filter((name) => name === 'PutRecord')).toHaveLength(2);
  expect(calls.indexOf('PutRecord')).toBeLessThan(calls.indexOf('PutObject'));
});

test('with --force a whole object of the redrive bucket goes', async () => {
  const { objects, run } = deployment('redrive');
  await run('--id', `redrive/${key}`, ...why, '--force');
  expect(objects).toEqual(new Map());
});

test('what is quarantined needs no --force', async () => {
  const { objects, run } = deployment('quarantine');
  await run('--id', `quarantine/${key}`, ...why);
  expect(objects).toEqual(new Map());
});
