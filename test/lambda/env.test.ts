import { expect, test } from 'vitest';
import { oidcIssuers, oidcIssuersText } from '../../src/lambda/env.ts';

const good = { issuer: 'https://login.example.com', audience: 'audit', tenant: { claim: 'org' } };

test('issuer, audience and tenant are enough', () => {
  expect(oidcIssuersText.parse(JSON.stringify([good]))).toEqual([
    {
      ...good,
      algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
      client: { claim: 'sub' },
      scopes: { claim: 'scope', map: { 'sealtrail:read': 'read', 'sealtrail:write': 'write' } },
    },
  ]);
});

test('what was filled in may be parsed again', () => {
  const once = oidcIssuers.parse([good]);
  expect(oidcIssuersText.parse(JSON.stringify(once))).toEqual(once);
});

test.each([
  ['misspelt', { audiences: 'x' }, /audiences/],
  ['misspelt within', { tenant: { clam: 'org' } }, /clam/],
  ['plain http', { issuer: 'http://login.example.com' }, /https/],
  ['http that only looks like loopback', { issuer: 'http://localhost.example.com' }, /https/],
  ['an issuer with a query', { issuer: 'https://login.example.com/?a=b' }, /https/],
  ['an issuer with a user', { issuer: 'https://localhost@evil.example' }, /https/],
  ['keys in the clear', { jwksUri: 'http://127.0.0.1/keys' }, /jwksUri/],
  ['a secret for a key', { algorithms: ['HS256'] }, /algorithms/],
  ['no signature', { algorithms: ['none'] }, /algorithms/],
  ['no audience', { audience: [] }, /audience/],
  ['neither value nor claim', { tenant: {} }, /a value or a claim/],
  ['both value and claim', { tenant: { value: 'acme', claim: 'org' } }, /a value or a claim/],
  ['a map of nothing', { tenant: { value: 'acme', map: {} } }, /a map is of a claim/],
  ['scopes without a map', { scopes: { claim: 'scope' } }, /a claim with a map/],
  ['a scope that there is not', { scopes: { value: ['admin'] } }, /scopes/],
  ['a tenant that could be none', { tenant: { value: 'a b' } }, /tenant/],
  ['writing for all', { tenant: { value: '*' }, scopes: { value: ['write'] } }, /reading only/],
])('a setting with %s is refused, and named', (_, over, named) => {
  const { error } = oidcIssuers.safeParse([{ ...good, ...over }]);
  expect(String(error)).toMatch(named);
});

test('an issuer stands once, and all have room in the environment', () => {
  expect(String(oidcIssuers.safeParse([good, good]).error)).toContain('each issuer once');
  const map = Object.fromEntries(
    Array.from({ length: 100 }, (_, n) => [`organisation ${n}`, `t${n}`]),
  );
  const { error } = oidcIssuers.safeParse([{ ...good, tenant: { claim: 'org', map } }]);
  expect(String(error)).toContain('at most 2048 bytes');
});

test('what is no JSON is refused', () => {
  expect(oidcIssuersText.safeParse('[').success).toBe(false);
});
