import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetCallerIdentityCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allow, openFrontDoor, place, policy } from '../fixture/front-door.ts';

const role = (name: string) => `arn:aws:iam::${place.account}:role/${name}`;
const both = ['sts:AssumeRole', 'sts:TagSession'];

let local: Awaited<ReturnType<typeof openFrontDoor>>;
let token: STSClient;

beforeAll(async () => {
  local = await openFrontDoor();
  local.iam.putRole({
    name: 'writer',
    arn: role('writer'),
    trust: policy(
      { Effect: 'Allow', Principal: { AWS: role('token') }, Action: 'sts:AssumeRole' },
      {
        Effect: 'Allow',
        Principal: { AWS: role('token') },
        Action: 'sts:TagSession',
        Condition: { StringLike: { 'aws:RequestTag/tenant': '?*' } },
      },
    ),
    policies: [],
    maxSessionSeconds: 7200,
  });
  token = new STSClient(local.asRole('token', [policy(allow(both, role('writer')))]));
});
afterAll(() => local.close());

function assume(client: STSClient, input: Partial<AssumeRoleCommandInput> = {}) {
  return client.send(
    new AssumeRoleCommand({
      RoleArn: role('writer'),
      RoleSessionName: 'grant-1',
      DurationSeconds: 900,
      ...input,
    }),
  );
}

describe('AssumeRole', () => {
  it('opens a session that is who it says, for as long as asked', async () => {
    const before = Date.now();
    const answer = await assume(token, {
      Tags: [{ Key: 'tenant', Value: 'acme+sons' }],
    });
    const {
      AccessKeyId = '',
      SecretAccessKey = '',
      SessionToken = '',
      Expiration,
    } = answer.Credentials ?? {};
    expect(Expiration?.getTime()).toBeGreaterThanOrEqual(before + 899_000);
    expect(Expiration?.getTime()).toBeLessThan(before + 960_000);
    const arn = `arn:aws:sts::${place.account}:assumed-role/writer/grant-1`;
    expect(answer.AssumedRoleUser?.Arn).toBe(arn);
    const session = {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
    };
    const identity = await new STSClient(local.config(session)).send(
      new GetCallerIdentityCommand({}),
    );
    expect(identity).toMatchObject({
      Arn: arn,
      Account: place.account,
      UserId: answer.AssumedRoleUser?.AssumedRoleId,
    });
    expect(local.iam.find(AccessKeyId, SessionToken)?.principal.tags).toEqual({
      tenant: 'acme+sons',
    });
  });

  it('keeps the session policy word for word', async () => {
    const wanted = policy(
      allow('kinesis:PutRecords', 'arn:aws:kinesis:eu-west-1:123456789012:stream/a&b'),
    );
    const { Credentials, PackedPolicySize } = await assume(token, {
      Policy: JSON.stringify(wanted),
    });
    const found = local.iam.find(Credentials?.AccessKeyId ?? '', Credentials?.SessionToken);
    expect(found?.principal.sessionPolicy).toEqual(wanted);
    expect(PackedPolicySize).toBeGreaterThan(0);
  });

  it('is refused to a role that the trust policy does not name', async () => {
    const other = new STSClient(local.asRole('other', [policy(allow('sts:*'))]));
    await expect(assume(other)).rejects.toMatchObject({
      name: 'AccessDenied',
      message: expect.stringContaining(
        `User: arn:aws:sts::${place.account}:assumed-role/other/session is not authorized to perform: sts:AssumeRole on resource: ${role('writer')}`,
      ),
    });
  });

  it('is refused to a role that is trusted but has no policy for it', async () => {
    const bare = new STSClient(local.asRole('token', [policy(allow('kms:Sign'))]));
    await expect(assume(bare)).rejects.toMatchObject({ name: 'AccessDenied' });
    token = new STSClient(local.asRole('token', [policy(allow(both, role('writer')))]));
    await assume(token);
  });

  it('with tags needs leave to tag, from both sides', async () => {
    await expect(assume(token, { Tags: [{ Key: 'other', Value: 'x' }] })).rejects.toThrow(
      'sts:TagSession',
    );
    const untagged = new STSClient(local.asRole('token', [policy(allow('sts:AssumeRole'))]));
    await expect(assume(untagged, { Tags: [{ Key: 'tenant', Value: 'x' }] })).rejects.toThrow(
      'sts:TagSession',
    );
    await assume(untagged);
    token = new STSClient(local.asRole('token', [policy(allow(both, role('writer')))]));
  });

  it('is refused for a role that is not there as if it were not trusted', async () => {
    const root = new STSClient(local.asRoot());
    await expect(assume(root, { RoleArn: role('nobody') })).rejects.toMatchObject({
      name: 'AccessDenied',
    });
  });

  it('lasts an hour at most when a session asks, and the role’s own longest otherwise', async () => {
    await expect(assume(token, { DurationSeconds: 3601 })).rejects.toThrow('1 hour session limit');
    await assume(token, { DurationSeconds: 3600 });
    const root = new STSClient(local.asRoot());
    await assume(root, { DurationSeconds: 7200 });
    await expect(assume(root, { DurationSeconds: 7201 })).rejects.toThrow('MaxSessionDuration');
    await expect(assume(token, { DurationSeconds: 899 })).rejects.toMatchObject({
      name: 'ValidationError',
    });
  });

  const long = (length: number) => JSON.stringify(policy(allow('s3:GetObject'))).padEnd(length);
  it.each([
    ['a session name of one character', { RoleSessionName: 'a' }, 'ValidationError'],
    ['a session name with a slash', { RoleSessionName: 'a/b' }, 'ValidationError'],
    ['a session name of 65 characters', { RoleSessionName: 'a'.repeat(65) }, 'ValidationError'],
    ['a policy of 2,049 characters', { Policy: long(2049) }, 'ValidationError'],
    [
      'a policy and tags over 2,048 characters together',
      { Policy: long(2040), Tags: [{ Key: 'tenant', Value: 'acme-and-sons' }] },
      'PackedPolicyTooLargeException',
    ],
    ['a policy that is not JSON', { Policy: '{' }, 'MalformedPolicyDocumentException'],
    [
      'the same tag twice',
      {
        Tags: [
          { Key: 'a', Value: '1' },
          { Key: 'A', Value: '2' },
        ],
      },
      'ValidationError',
    ],
    ['a tag with a bracket', { Tags: [{ Key: 'tenant', Value: '<b>' }] }, 'ValidationError'],
    [
      'managed session policies',
      { PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/X' }] },
      'ValidationError',
    ],
  ])('refuses %s', async (_, input, name) => {
    await expect(assume(token, input)).rejects.toMatchObject({ name });
  });

  it('takes a policy of exactly 2,048 characters', async () => {
    expect((await assume(token, { Policy: long(2048) })).PackedPolicySize).toBe(100);
  });
});

describe('GetCallerIdentity', () => {
  it('tells the root who it is', async () => {
    const identity = await new STSClient(local.asRoot()).send(new GetCallerIdentityCommand({}));
    expect(identity).toMatchObject({
      Arn: `arn:aws:iam::${place.account}:root`,
      Account: place.account,
    });
  });

  it('words a bad signature and an ended session as STS does', async () => {
    const { accessKeyId } = local.iam.root;
    const forged = new STSClient(local.config({ accessKeyId, secretAccessKey: 'x' }));
    await expect(forged.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
    });
    const ended = new STSClient(local.asRole('ended', []));
    local.clock.offset = 901_000;
    ended.config.systemClockOffset = 901_000;
    await expect(ended.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: 'ExpiredToken',
    });
    local.clock.offset = 0;
  });
});
