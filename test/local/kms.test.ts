import { createPublicKey, verify } from 'node:crypto';
import {
  DescribeKeyCommand,
  GenerateMacCommand,
  GetPublicKeyCommand,
  KMSClient,
  SignCommand,
  type SignCommandInput,
  VerifyMacCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKms } from '../../src/local/kms.ts';
import { allow, openFrontDoor, place, policy } from '../fixture/front-door.ts';

const delegated = policy({
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${place.account}:root` },
  Action: 'kms:*',
  Resource: '*',
});
const kms = createKms(place);
const signing = kms.createKey({
  spec: 'ECC_NIST_EDWARDS25519',
  usage: 'SIGN_VERIFY',
  policy: delegated,
});
const cursor = kms.createKey({ spec: 'HMAC_256', usage: 'GENERATE_VERIFY_MAC', policy: delegated });
const storage = kms.createKey({
  spec: 'SYMMETRIC_DEFAULT',
  usage: 'ENCRYPT_DECRYPT',
  policy: delegated,
});
kms.createAlias('alias/issuer', signing.arn);

let local: Awaited<ReturnType<typeof openFrontDoor>>;
let client: KMSClient;

beforeAll(async () => {
  local = await openFrontDoor(() => [kms]);
  client = new KMSClient(
    local.asRole('token', [policy(allow('kms:*', [signing.arn, cursor.arn, storage.arn]))]),
  );
});
afterAll(() => local.close());

const message = Buffer.from('grant');
function sign(input: Partial<SignCommandInput> = {}) {
  return client.send(
    new SignCommand({
      KeyId: signing.arn,
      Message: message,
      MessageType: 'RAW',
      SigningAlgorithm: 'ED25519_SHA_512',
      ...input,
    }),
  );
}

describe('an Ed25519 key', () => {
  it('signs, by its id, ARN or alias, what its public key verifies', async () => {
    const { PublicKey, KeySpec, SigningAlgorithms } = await client.send(
      new GetPublicKeyCommand({ KeyId: signing.keyId }),
    );
    expect([KeySpec, SigningAlgorithms?.[0]]).toEqual(['ECC_NIST_EDWARDS25519', 'ED25519_SHA_512']);
    const key = createPublicKey({ key: Buffer.from(PublicKey ?? []), format: 'der', type: 'spki' });
    const aliasArn = `arn:aws:kms:${place.region}:${place.account}:alias/issuer`;
    for (const KeyId of [signing.keyId, signing.arn, 'alias/issuer', aliasArn]) {
      const answer = await sign({ KeyId });
      expect(answer.KeyId).toBe(signing.arn);
      expect(verify(null, message, key, answer.Signature ?? Buffer.alloc(0))).toBe(true);
      expect(verify(null, Buffer.from('other'), key, answer.Signature ?? Buffer.alloc(0))).toBe(
        false,
      );
    }
  });

  it('takes a message of 4,096 bytes and refuses one more', async () => {
    await sign({ Message: Buffer.alloc(4096, 1) });
    await expect(sign({ Message: Buffer.alloc(4097, 1) })).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  it.each([
    ['a digest', { MessageType: 'DIGEST' }, 'ValidationException'],
    ['an algorithm of another key', { SigningAlgorithm: 'ECDSA_SHA_256' }, 'ValidationException'],
    ['an HMAC key', { KeyId: cursor.arn }, 'InvalidKeyUsageException'],
    [
      'a key that is not there',
      { KeyId: '00000000-0000-4000-8000-000000000000' },
      'NotFoundException',
    ],
  ] as const)('refuses %s', async (_, input, name) => {
    await expect(sign(input)).rejects.toMatchObject({ name });
  });
});

describe('an HMAC key', () => {
  it('makes a code, always the same, that it verifies and no other', async () => {
    const input = { KeyId: cursor.arn, Message: message, MacAlgorithm: 'HMAC_SHA_256' } as const;
    const { Mac } = await client.send(new GenerateMacCommand(input));
    expect(Mac?.length).toBe(32);
    expect((await client.send(new GenerateMacCommand(input))).Mac).toEqual(Mac);
    expect((await client.send(new VerifyMacCommand({ ...input, Mac }))).MacValid).toBe(true);
    const other = Buffer.from(Mac ?? []).fill(0, 0, 1);
    other[1] = (other[1] ?? 0) ^ 1;
    await expect(client.send(new VerifyMacCommand({ ...input, Mac: other }))).rejects.toMatchObject(
      {
        name: 'KMSInvalidMacException',
      },
    );
  });
});

describe('permissions', () => {
  it('are those of the key’s ARN, also by alias, and of the algorithm', async () => {
    const condition = { StringEquals: { 'kms:SigningAlgorithm': 'ED25519_SHA_512' } };
    const narrow = policy({ ...allow('kms:Sign', signing.arn), Condition: condition });
    client = new KMSClient(local.asRole('narrow', [narrow]));
    await sign({ KeyId: 'alias/issuer' });
    await expect(sign({ SigningAlgorithm: 'ED25519_PH_SHA_512' })).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    await expect(client.send(new DescribeKeyCommand({ KeyId: signing.arn }))).rejects.toMatchObject(
      {
        name: 'AccessDeniedException',
      },
    );
  });

  it('may be bound to an alias', async () => {
    const Condition = { StringEquals: { 'kms:RequestAlias': 'alias/issuer' } };
    client = new KMSClient(
      local.asRole('alias', [policy({ ...allow('kms:Sign', signing.arn), Condition })]),
    );
    await sign({ KeyId: 'alias/issuer' });
    await expect(sign()).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  it('need the key policy as well', async () => {
    const closed = kms.createKey({
      spec: 'HMAC_256',
      usage: 'GENERATE_VERIFY_MAC',
      policy: policy(),
    });
    client = new KMSClient(local.asRole('all', [policy(allow('kms:*'))]));
    await expect(client.send(new DescribeKeyCommand({ KeyId: closed.arn }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: storage.arn }));
    expect(KeyMetadata).toMatchObject({
      KeySpec: 'SYMMETRIC_DEFAULT',
      KeyUsage: 'ENCRYPT_DECRYPT',
      Enabled: true,
    });
  });
});
