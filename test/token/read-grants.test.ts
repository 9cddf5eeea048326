import { expect, test } from 'vitest';
import { generateKey, thumbprint } from '../../src/domain/ed25519.ts';
import { codeOf } from '../../src/domain/error.ts';
import { readClient, readGrantSchema } from '../../src/lambda/read-grant.ts';
import type { GrantRequest } from '../../src/token/issue-grant.ts';
import { createReadGrants } from '../../src/token/read-grants.ts';
import { writingTenant } from '../../src/token/writing-tenant.ts';
import { acme, start, streamArn } from './token-service.ts';

function setUp() {
  const issued: GrantRequest[] = [];
  const ask = createReadGrants({
    tenant: async (id) => (id === acme.id ? acme : undefined),
    async issue(request) {
      issued.push(request);
      return { id: 'g', jwt: 'j', expiresAt: start / 1000 + request.seconds };
    },
    vend: async () => ({
      accessKeyId: 'a',
      secretAccessKey: 's',
      sessionToken: 't',
      expiresAt: start,
    }),
    stream: { arn: streamArn, endpoint: undefined },
    maxSeconds: 1800,
    now: () => start,
  });
  return { ask, issued };
}

const jti = 'a-fresh-one';

test('the read function gets a grant of its one client, for its own key and the tenant named', async () => {
  const { ask, issued } = setUp();
  const { jwk } = generateKey();
  const answer = await ask({ tenant: 'acme', jwk, jti });
  expect(answer).toMatchObject({ kind: 'session', answer: { grant: { id: 'g' } } });
  expect(issued).toEqual([
    {
      tenant: 'acme',
      client: readClient,
      retentionDays: 400,
      shards: 1,
      via: 'service',
      proof: { jwk, thumbprint: thumbprint(jwk), jti },
      issuedAt: start / 1000,
      seconds: 1800,
    },
  ]);
});

test('of a tenant that is not registered there is none, and for a key that is none neither', async () => {
  const { ask, issued } = setUp();
  const { jwk } = generateKey();
  expect(await ask({ tenant: 'globex', jwk, jti })).toEqual({ kind: 'unregistered' });
  for (const wrong of [undefined, {}, { ...jwk, d: 'x' }, { ...jwk, x: 'AA' }]) {
    const error: unknown = await ask({ tenant: 'acme', jwk: wrong, jti }).catch((it) => it);
    expect(codeOf(error)).toBe('key-invalid');
  }
  expect(issued).toEqual([]);
});

test('no request of the HTTP API is taken for one of the read function', () => {
  const { jwk } = generateKey();
  const readGrant = { tenant: 'acme', jwk, jti };
  expect(readGrantSchema.safeParse({ readGrant }).success).toBe(true);
  const event = { version: '2.0', routeKey: 'POST /v1/credentials', readGrant };
  expect(readGrantSchema.safeParse(event).success).toBe(false);
  expect(readGrantSchema.safeParse({ readGrant: { ...readGrant, client: 'x' } }).success).toBe(
    false,
  );
});

test('no API key writes as the read API', async () => {
  const caller = { keyId: 'k', tenant: 'acme', client: readClient, scopes: new Set(['write']) };
  const asked = writingTenant(
    caller as unknown as Parameters<typeof writingTenant>[0],
    async () => acme,
  );
  await expect(asked).rejects.toMatchObject({ code: 'forbidden' });
});
