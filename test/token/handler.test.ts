import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Context } from 'aws-lambda';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { mintApiKey } from '../../src/domain/api-key.ts';
import { sha256, toTime } from '../../src/domain/encoding.ts';
import { createDynamoDb } from '../../src/local/dynamodb/service.ts';
import { createKms } from '../../src/local/kms.ts';
import { createGrantLog } from '../../src/store/grant-log.ts';
import { createRegistry } from '../../src/store/registry.ts';
import { allow, openFrontDoor, place, policy } from '../fixture/front-door.ts';
import {
  type Answer,
  acme,
  answerOf,
  credentialsRequest,
  eventOf,
  proofFor,
  type RequestParts,
  streamArn,
} from './token-service.ts';

// The function as it is deployed, with its clients, before a local AWS that allows it what the stack does.

const writerArn = `arn:aws:iam::${place.account}:role/writer`;
const tableArn = (name: string) =>
  `arn:aws:dynamodb:${place.region}:${place.account}:table/${name}`;

let local: Awaited<ReturnType<typeof openFrontDoor>>;
let dynamodb: DynamoDBClient;
let call: (route: string, request: RequestParts) => Promise<Answer>;
let token: string;

beforeAll(async () => {
  const database = createDynamoDb(place);
  const kms = createKms(place);
  local = await openFrontDoor(() => [database, kms]);
  const key = { AttributeName: 'id', KeyType: 'HASH' } as const;
  for (const TableName of ['registry', 'grants', 'quotas'])
    await database.createTable({
      TableName,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [key],
      BillingMode: 'PAY_PER_REQUEST',
    });
  await database.createTable({
    TableName: 'batches',
    AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({
      AttributeName,
      AttributeType: 'S',
    })),
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    BillingMode: 'PAY_PER_REQUEST',
  });
  const owner = { AWS: `arn:aws:iam::${place.account}:root` };
  const signingKey = kms.createKey({
    spec: 'ECC_NIST_EDWARDS25519',
    usage: 'SIGN_VERIFY',
    policy: policy({ ...allow('kms:*'), Principal: owner }),
  });

  const { credentials } = local.asRole('token', [
    policy(
      {
        ...allow('kms:Sign', signingKey.arn),
        Condition: { StringEquals: { 'kms:SigningAlgorithm': 'ED25519_SHA_512' } },
      },
      allow('kms:GetPublicKey', signingKey.arn),
      allow('dynamodb:PartiQLInsert', tableArn('grants')),
      allow('dynamodb:GetItem', tableArn('registry')),
      allow('dynamodb:UpdateItem', tableArn('quotas')),
      allow('dynamodb:BatchGetItem', tableArn('batches')),
      allow(['sts:AssumeRole', 'sts:TagSession'], writerArn),
    ),
  ]);
  const trusted = { Principal: { AWS: `arn:aws:iam::${place.account}:role/token` } };
  const trust = ['sts:AssumeRole', 'sts:TagSession'].map((Action) => ({
    Effect: 'Allow',
    Action,
    ...trusted,
  }));
  local.iam.putRole({
    name: 'writer',
    arn: writerArn,
    trust: policy(...trust),
    policies: [{ name: 'wide', policy: policy(allow('kinesis:*')) }],
  });

  const environment = {
    AWS_ENDPOINT_URL: local.door.url,
    AWS_REGION: place.region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    STAGE: 'test',
    ISSUER: 'sealtrail/test',
    ISSUER_KEYS: signingKey.arn,
    REGISTRY_TABLE: 'registry',
    GRANTS_TABLE: 'grants',
    QUOTAS_TABLE: 'quotas',
    BATCHES_TABLE: 'batches',
    STREAM_NAME: 'events',
    STREAM_ARN: streamArn,
    WRITER_ROLE_ARN: writerArn,
    SESSION_SECONDS: '1800',
    PUBLIC_URL: 'https://Audit.example.org/trail/',
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const { handler } = await import('../../src/token/handler.ts');
  call = async (route, request) => answerOf(await handler(eventOf(route, request), {} as Context));

  dynamodb = new DynamoDBClient(local.asRoot());
  const registry = createRegistry({ client: dynamodb, table: 'registry' });
  await registry.createTenant({ ...acme, credentialsPerMinute: 1000 });
  const minted = mintApiKey();
  token = minted.text;
  await registry.putKey(minted.id, {
    hash: minted.hash,
    tenant: 'acme',
    client: 'billing',
    scopes: new Set(['write']),
    created: toTime(Date.now()),
  });
});

beforeEach(() => local.faults.clear());

afterAll(async () => {
  dynamodb.destroy();
  vi.unstubAllEnvs();
  await local.close();
});

function askCredentials(over: { htu?: string } = {}): Promise<Answer> {
  const dpop = proofFor(token, {
    claims: { iat: Math.floor(Date.now() / 1000), jti: `jti-${Math.random()}`, ...over },
  });
  return call('POST /v1/credentials', credentialsRequest(token, { dpop }));
}

test('a proof may be for the public URL, however it is written there, and for no other', async () => {
  const status = async (htu: string) => (await askCredentials({ htu })).status;
  expect(await status('https://audit.example.org/trail/v1/credentials')).toBe(200);
  expect(await status('https://audit.example.org/v1/credentials')).toBe(401);
});

test('the deployed function vends a logged grant, and a session that may put to the stream only', async () => {
  const { status, body } = await askCredentials();
  expect(status).toBe(200);
  expect(body.transport).toMatchObject({
    kind: 'kinesis',
    stream: streamArn,
    region: 'eu-central-1',
    endpoint: local.door.url,
  });
  const logged = await createGrantLog({ client: dynamodb, table: 'grants' }).find([body.grant.id]);
  expect(logged.get(body.grant.id)).toEqual({
    ...{ jwt: body.grant.jwt, tenant: 'acme', client: 'billing' },
    keyId: expect.stringMatching(/^[a-z0-9]+$/),
  });

  const { accessKeyId, sessionToken } = body.transport.credentials;
  const session = local.iam.find(accessKeyId, sessionToken)?.principal;
  if (session === undefined) throw new Error('no such session');
  expect(session.arn).toBe(`arn:aws:sts::${place.account}:assumed-role/writer/${body.grant.id}`);
  expect(session.tags).toEqual({ tenant: 'acme', client: 'billing' });
  const may = (action: string, resource: string) =>
    local.iam.allowed(session, { action, resource });
  expect(await may('kinesis:PutRecords', streamArn)).toBe('Allowed');
  expect(await may('kinesis:PutRecords', `${streamArn}-2`)).toBe('ImplicitlyDenied');
  expect(await may('kinesis:GetRecords', streamArn)).toBe('ImplicitlyDenied');
  const ends = Date.parse(body.transport.credentials.expiresAt);
  expect(Math.abs(ends - Date.parse(body.grant.expiresAt))).toBeLessThan(60_000);
});

test('its grants hold with the keys that it publishes', async () => {
  const { body } = await askCredentials();
  const { body: jwks } = await call('GET /.well-known/jwks.json', {});
  const { payload } = await jwtVerify(body.grant.jwt, createLocalJWKSet(jwks));
  expect(payload).toMatchObject({ iss: 'sealtrail/test', sub: 'billing', tenant: 'acme' });
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(1800);
});

test('it tells which batches are stored', async () => {
  const to = '2023-11-14T22:13:20.000Z';
  const [here, absent] = ['here', 'absent'].map((name) => sha256(name).toString('base64url'));
  const Item = { pk: { S: 'acme#2023-11-14#0' }, sk: { S: `${to}#${here}` } };
  await dynamodb.send(new PutItemCommand({ TableName: 'batches', Item }));
  const { status, body } = await call('POST /v1/commits', {
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ batches: [absent, here].map((id) => ({ to, id })) }),
  });
  expect(status).toBe(200);
  expect(body).toEqual({ committed: [false, true] });
});

test.each(['sts', 'kms', 'dynamodb'])(
  'while %s is down it answers 503, and then goes on',
  async (name) => {
    // A look-up that is kept, so that DynamoDB is met where grants are logged.
    await askCredentials();
    local.faults.add({
      service: name,
      fault: { kind: 'error', code: 'InternalFailure', status: 500 },
    });
    const { status, headers } = await askCredentials();
    expect(status).toBe(503);
    expect(headers['retry-after']).toBe('2');
    local.faults.clear();
    expect((await askCredentials()).status).toBe(200);
  },
);

test('one failure of a call is not seen by the client', async () => {
  for (const service of ['sts', 'kms', 'dynamodb'])
    local.faults.add({ service, times: 1, fault: { kind: 'cut' } });
  expect((await askCredentials()).status).toBe(200);
});

test('a grant whose logging was not confirmed is not taken for a replay: the client tries again', async () => {
  local.faults.add({
    service: 'dynamodb',
    operation: 'ExecuteStatement',
    times: 1,
    fault: { kind: 'cut-after' },
  });
  const { status, body } = await askCredentials();
  expect(status).toBe(503);
  expect(body.code).toBe('unavailable');
});

test('another route is not there', async () => {
  const { status, body } = await call('GET /v1/credentials', {});
  expect(status).toBe(404);
  expect(body.code).toBe('not-found');
});
