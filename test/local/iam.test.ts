import { describe, expect, it } from 'vitest';
import { createIam } from '../../src/local/iam.ts';
import type { PolicyDocument } from '../../src/local/service.ts';
import { allow, place, policy } from '../fixture/front-door.ts';

const table = `arn:aws:dynamodb:${place.region}:${place.account}:table/batches`;
const role = (name: string) => `arn:aws:iam::${place.account}:role/${name}`;
const now = Date.parse('2026-01-01T00:00:00Z');

/** The principal of a session of a role with these policies. */
function session(iam: ReturnType<typeof createIam>, name: string, ...policies: PolicyDocument[]) {
  const named = policies.map((each, index) => ({ name: `p${index}`, policy: each }));
  iam.putRole({ name, arn: role(name), trust: policy(), policies: named });
  const { accessKeyId, sessionToken } = iam.assume(role(name), {
    sessionName: 's1',
    seconds: 900,
    now,
  });
  const found = iam.find(accessKeyId, sessionToken);
  if (found === undefined) throw new Error('the session is not known');
  return found.principal;
}

describe('a resource policy', () => {
  const denial = policy({
    Effect: 'Deny',
    Principal: '*',
    Action: 'dynamodb:DeleteItem',
    Resource: table,
    Condition: { ArnNotEquals: { 'aws:PrincipalArn': role('break-glass') } },
  });
  const deletion = { action: 'dynamodb:DeleteItem', resource: table, resourcePolicy: denial };

  it('denies even the root', async () => {
    const iam = createIam(place);
    expect(await iam.allowed(iam.root.principal, deletion)).toBe('ExplicitlyDenied');
    const reading = { ...deletion, action: 'dynamodb:GetItem' };
    expect(await iam.allowed(iam.root.principal, reading)).toBe('Allowed');
  });

  it('sees the role behind a session as the principal', async () => {
    const iam = createIam(place);
    const all = policy(allow('dynamodb:*'));
    expect(await iam.allowed(session(iam, 'break-glass', all), deletion)).toBe('Allowed');
    expect(await iam.allowed(session(iam, 'consumer', all), deletion)).toBe('ExplicitlyDenied');
  });

  it('that denies what is not TLS lets the loopback pass', async () => {
    const iam = createIam(place);
    const resourcePolicy = policy({
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Resource: ['arn:aws:s3:::b', 'arn:aws:s3:::b/*'],
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    });
    const writer = session(iam, 'writer', policy(allow('s3:PutObject', 'arn:aws:s3:::b/*')));
    const access = { action: 's3:PutObject', resource: 'arn:aws:s3:::b/k', resourcePolicy };
    expect(await iam.allowed(writer, access)).toBe('Allowed');
  });
});

describe('a role', () => {
  it('may do only what a policy allows, once more when one is added', async () => {
    const iam = createIam(place);
    const insert = { action: 'dynamodb:PartiQLInsert', resource: table };
    const consumer = session(iam, 'consumer', policy(allow('dynamodb:GetItem')));
    expect(await iam.allowed(consumer, insert)).toBe('ImplicitlyDenied');
    iam.putPolicy('consumer', 'more', policy(allow('dynamodb:PartiQLInsert', table)));
    expect(await iam.allowed(consumer, insert)).toBe('ImplicitlyDenied');
    const { accessKeyId, sessionToken } = iam.assume(role('consumer'), {
      sessionName: 's2',
      seconds: 900,
      now,
    });
    const again = iam.find(accessKeyId, sessionToken)?.principal;
    expect(again && (await iam.allowed(again, insert))).toBe('Allowed');
  });

  it('reaches an index only if a policy names it', async () => {
    const iam = createIam(place);
    const query = { action: 'dynamodb:Query', resource: `${table}/index/summary` };
    expect(
      await iam.allowed(session(iam, 'a', policy(allow('dynamodb:Query', table))), query),
    ).toBe('ImplicitlyDenied');
    const both = policy(allow('dynamodb:Query', [table, `${table}/index/summary`]));
    expect(await iam.allowed(session(iam, 'b', both), query)).toBe('Allowed');
  });

  it('cannot name another object with an asterisk in its key', async () => {
    const iam = createIam(place);
    const writer = session(iam, 'writer', policy(allow('s3:PutObject', 'arn:aws:s3:::b/own/*')));
    const put = (key: string) =>
      iam.allowed(writer, { action: 's3:PutObject', resource: `arn:aws:s3:::b/${key}` });
    expect(await put('own/*')).toBe('Allowed');
    expect(await put('*')).toBe('ImplicitlyDenied');
    expect(await put('o*')).toBe('ImplicitlyDenied');
  });

  it('with a policy that IAM would not take is a loud fault', async () => {
    const iam = createIam(place);
    const broken = session(
      iam,
      'broken',
      policy({ Effect: 'Perhaps', Action: '*', Resource: '*' }),
    );
    await expect(
      iam.allowed(broken, { action: 'dynamodb:GetItem', resource: table }),
    ).rejects.toThrow('cannot evaluate');
  });
});

describe('a KMS key', () => {
  const resource = `arn:aws:kms:${place.region}:${place.account}:key/00000000-0000-4000-8000-000000000000`;
  const own = policy(allow('kms:Sign', resource));

  it('whose policy delegates to the account is used by who has a policy for it', async () => {
    const iam = createIam(place);
    const principal = { AWS: `arn:aws:iam::${place.account}:root` };
    const resourcePolicy = policy({
      Effect: 'Allow',
      Principal: principal,
      Action: 'kms:*',
      Resource: '*',
    });
    const access = { action: 'kms:Sign', resource, resourcePolicy };
    expect(await iam.allowed(session(iam, 'token', own), access)).toBe('Allowed');
    expect(await iam.allowed(session(iam, 'other'), access)).toBe('ImplicitlyDenied');
  });

  it('whose policy does not is closed to policies elsewhere', async () => {
    const iam = createIam(place);
    const principal = { AWS: role('operator') };
    const resourcePolicy = policy({
      Effect: 'Allow',
      Principal: principal,
      Action: 'kms:*',
      Resource: '*',
    });
    const access = { action: 'kms:Sign', resource, resourcePolicy };
    expect(await iam.allowed(session(iam, 'token', own), access)).toBe('ImplicitlyDenied');
  });
});

describe('a session', () => {
  it('is known by its key and token together, until an hour after its end', () => {
    const iam = createIam(place);
    session(iam, 'writer');
    const open = (at: number) =>
      iam.assume(role('writer'), { sessionName: 's', seconds: 900, now: at });
    const { accessKeyId, sessionToken, expiration } = open(now);
    expect(iam.find(accessKeyId)).toBeUndefined();
    expect(iam.find(accessKeyId, `${sessionToken}x`)).toBeUndefined();
    expect(iam.find(accessKeyId, sessionToken)?.expiresAt).toBe(expiration.getTime());
    open(now + 4_500_000);
    expect(iam.find(accessKeyId, sessionToken)).toBeDefined();
    open(now + 4_500_001);
    expect(iam.find(accessKeyId, sessionToken)).toBeUndefined();
  });
});
