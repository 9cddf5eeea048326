import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { generateKey, thumbprint } from '../../src/domain/ed25519.ts';
import { sha256 } from '../../src/domain/encoding.ts';
import { grantId, verifyGrant } from '../../src/domain/grant.ts';
import {
  acme,
  credentialsRequest,
  domain,
  issuerName,
  proofFor,
  start,
  streamArn,
  tokenService,
} from './token-service.ts';

const route = 'POST /v1/credentials';

test('a client gets a grant for its key, and credentials for the stream', async () => {
  const service = tokenService();
  const token = service.addKey();
  const key = generateKey();
  const dpop = proofFor(token, { key, claims: { jti: 'proof-one' } });
  const { status, headers, body } = await service.call(route, credentialsRequest(token, { dpop }));

  expect(status).toBe(200);
  expect(headers['cache-control']).toBe('no-store');
  expect(body).toEqual({
    grant: {
      id: grantId(thumbprint(key.jwk), 'proof-one'),
      jwt: expect.any(String),
      expiresAt: '2023-11-14T23:13:20.000Z',
    },
    transport: {
      kind: 'kinesis',
      stream: streamArn,
      region: 'eu-central-1',
      credentials: {
        accessKeyId: 'ASIAEXAMPLE',
        secretAccessKey: 'a-secret-access-key',
        sessionToken: 'a-session-token',
        expiresAt: '2023-11-14T23:13:20.000Z',
      },
    },
    serverTime: '2023-11-14T22:13:20.000Z',
  });
  expect(service.fake.grants.get(body.grant.id)).toEqual({
    jwt: body.grant.jwt,
    about: {
      tenant: 'acme',
      client: 'billing',
      keyId: [...service.fake.apiKeys.keys()][0],
      issuedAt: start / 1000,
      expiresAt: start / 1000 + 3600,
    },
  });
});

test('the consumer’s check takes the grant, and it says what the tenant is', async () => {
  const service = tokenService();
  const token = service.addKey();
  const key = generateKey();
  const dpop = proofFor(token, { key });
  const { body } = await service.call(
    route,
    credentialsRequest(token, { dpop, body: '{"durationSeconds":900}' }),
  );
  const issuerKey = service.issuerPublicKey('arn:current');
  const kid = thumbprint({
    kty: 'OKP',
    crv: 'Ed25519',
    x: String(issuerKey.export({ format: 'jwk' }).x),
  });
  const grant = verifyGrant(body.grant.jwt, {
    name: issuerName,
    keys: new Map([[kid, issuerKey]]),
  });
  expect(grant).toMatchObject({
    sub: 'billing',
    tenant: 'acme',
    jti: body.grant.id,
    cnf: { jwk: key.jwk },
    retentionDays: acme.retentionDays,
    shards: acme.shards,
  });
  expect(grant.exp - grant.iat).toBe(900);
});

test('jose verifies a grant with nothing but the published keys', async () => {
  const service = tokenService();
  const token = service.addKey();
  const { body } = await service.call(route, credentialsRequest(token));
  const jwks = await service.call('GET /.well-known/jwks.json', {});
  const verified = await jwtVerify(body.grant.jwt, createLocalJWKSet(jwks.body), {
    issuer: issuerName,
    subject: 'billing',
    algorithms: ['EdDSA'],
    typ: 'sealtrail-grant+jwt',
    currentDate: new Date(start + 3_599_000),
  });
  expect(verified.payload['tenant']).toBe('acme');
  expect(verified.payload.jti).toBe(body.grant.id);
});

test('a proof that jose made is accepted', async () => {
  const service = tokenService();
  const token = service.addKey();
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  const { kty, crv, x } = await exportJWK(publicKey);
  const dpop = await new SignJWT({
    htm: 'POST',
    htu: `https://${domain}/v1/credentials`,
    ath: sha256(token).toString('base64url'),
  })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'dpop+jwt', jwk: { kty, crv, x } as object })
    .setJti('made-with-jose')
    .setIssuedAt(new Date(start))
    .sign(privateKey);
  const { status } = await service.call(route, credentialsRequest(token, { dpop }));
  expect(status).toBe(200);
});

test('the session may put to the one stream, bears the grant’s id and the tenant’s tags', async () => {
  const service = tokenService();
  const token = service.addKey();
  const { body } = await service.call(
    route,
    credentialsRequest(token, { body: '{"durationSeconds":1200}' }),
  );
  expect(service.fake.assumed).toEqual([
    {
      RoleArn: 'arn:aws:iam::123456789012:role/writer',
      RoleSessionName: body.grant.id,
      Policy: expect.any(String),
      DurationSeconds: 1200,
      Tags: [
        { Key: 'tenant', Value: 'acme' },
        { Key: 'client', Value: 'billing' },
      ],
    },
  ]);
  expect(JSON.parse(service.fake.assumed[0]?.Policy ?? '')).toEqual({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 'kinesis:PutRecords', Resource: streamArn }],
  });
});

test('clients are told an endpoint only where there is one', async () => {
  const endpoint = 'https://vpce-1.kinesis.eu-central-1.vpce.amazonaws.com';
  const service = tokenService({ endpoint });
  const { body } = await service.call(route, credentialsRequest(service.addKey()));
  expect(body.transport.endpoint).toBe(endpoint);
});

test('the grant is in the log before credentials are asked for, after everything that is cheaper', async () => {
  const service = tokenService();
  await service.call(route, credentialsRequest(service.addKey()));
  expect(service.fake.calls).toEqual([
    'lookup',
    'tenant',
    'take',
    'getPublicKey',
    'getPublicKey',
    'sign',
    'insert',
    'assumeRole',
  ]);
});
