import { calculateJwkThumbprint } from 'jose';
import { expect, test } from 'vitest';
import { tokenService } from './token-service.ts';

const route = 'GET /.well-known/jwks.json';

test('all keys are published, the current one first, named by their thumbprints', async () => {
  const service = tokenService();
  const { status, headers, body } = await service.call(route, {});
  expect(status).toBe(200);
  expect(headers['cache-control']).toBe('public, max-age=300');
  const expected = ['arn:current', 'arn:retired'].map(async (arn) => {
    const { kty, crv, x } = service.issuerPublicKey(arn).export({ format: 'jwk' });
    const kid = await calculateJwkThumbprint({ kty, crv, x } as { kty: string });
    return { kty, crv, x, kid, alg: 'EdDSA', use: 'sig' };
  });
  expect(body).toEqual({ keys: await Promise.all(expected) });
});

test('a key is published with the times between which it signs, as far as they are known', async () => {
  const service = tokenService({ keyTimes: '1600000000-,-1600003600' });
  const [current, retired] = (await service.call(route, {})).body.keys;
  expect(current).toMatchObject({ nbf: 1_600_000_000 });
  expect(current).not.toHaveProperty('exp');
  expect(retired).toMatchObject({ exp: 1_600_003_600 });
  expect(retired).not.toHaveProperty('nbf');
});

test('keys are asked for once, and a failure is not kept', async () => {
  const service = tokenService();
  service.fake.down.add('getPublicKey');
  expect((await service.call(route, {})).status).toBe(503);
  service.fake.down.clear();
  service.fake.calls.length = 0;
  for (let i = 0; i < 3; i++) expect((await service.call(route, {})).status).toBe(200);
  expect(service.fake.calls).toEqual(['getPublicKey', 'getPublicKey']);
});
