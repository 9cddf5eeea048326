import { expect, test } from 'vitest';
import { codeOf } from '../../src/domain/error.ts';
import { tokenCaller } from '../../src/lambda/token-caller.ts';
import { issuerSettings } from '../fake/oidc-issuer.ts';

const claims = { sub: 'billing', org: 'acme', scope: 'sealtrail:write' };

function callerOf(over: object = {}, settings: object = {}) {
  return tokenCaller({ issuer: issuerSettings(settings), claims: { ...claims, ...over } });
}

function outcome(...args: Parameters<typeof callerOf>): string {
  try {
    const { tenant, client, scopes } = callerOf(...args);
    return [tenant, client, [...scopes].sort().join('+')].join(' ');
  } catch (error) {
    return String(codeOf(error));
  }
}

test('its end is that of the token', () => {
  expect(callerOf({ exp: 1_772_366_400 }).expiresAt).toBe(1_772_366_400_000);
});

test('claims are taken as they stand, and only known scopes count', () => {
  expect(outcome()).toBe('acme billing write');
  expect(outcome({ scope: 'sealtrail:read sealtrail:write openid' })).toBe(
    'acme billing read+write',
  );
  expect(outcome({ scope: ['sealtrail:read'] })).toBe('acme billing read');
  for (const scope of [
    undefined,
    '',
    'read write',
    'sealtrail:writer',
    7,
    {},
    '__proto__',
    'toString',
  ])
    expect(outcome({ scope })).toBe('acme billing ');
});

test.each([
  ['no tenant', { org: undefined }],
  ['all tenants', { org: '*' }],
  ['the operators’ log', { org: 'system' }],
  ['a tenant with a key’s separator', { org: 'acme#feed' }],
  ['a tenant that is no text', { org: 7 }],
  ['two tenants', { org: ['acme', 'globex'] }],
  ['an empty tenant', { org: '' }],
  ['a client that could be in no batch', { sub: 'auth0|billing' }],
  ['no client', { sub: undefined }],
])('a token that may write and names %s is forbidden', (_, over) => {
  expect(outcome(over)).toBe('forbidden');
});

test('a reader’s name may be of any form, and is kept apart from others', () => {
  const [ada, bob] = ['auth0|ada', 'auth0|bob'].map((sub) =>
    callerOf({ sub, scope: 'sealtrail:read' }),
  );
  expect(ada?.client).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(ada?.client).not.toBe(bob?.client);
  expect(ada?.keyId).not.toBe(bob?.keyId);
});

test('a map takes exact values only, and what is in none counts for nothing', () => {
  const tenant = { claim: 'org', map: { 'Acme Inc.': 'acme', auditors: '*' } };
  expect(outcome({ org: 'Acme Inc.' }, { tenant })).toBe('acme billing write');
  for (const org of ['acme', 'acme inc.', 'Acme Inc. ', '__proto__', 'constructor'])
    expect(outcome({ org }, { tenant })).toBe('forbidden');
  expect(outcome({ org: ['staff', 'Acme Inc.'] }, { tenant })).toBe('acme billing write');
  expect(outcome({ org: ['auditors', 'Acme Inc.'] }, { tenant })).toBe('forbidden');
});

test('whoever is over all tenants, or in the operators’ log, reads and never writes', () => {
  const scope = 'sealtrail:read sealtrail:write';
  const tenant = { claim: 'org', map: { auditors: '*', operators: 'system' } };
  expect(outcome({ org: 'auditors', scope }, { tenant })).toBe('* billing read');
  expect(outcome({ org: 'operators', scope }, { tenant })).toBe('system billing read');
  expect(outcome({ scope }, { tenant: { value: 'system' } })).toBe('system billing read');
});

test('a value stands for every token, whatever it says', () => {
  const settings = {
    tenant: { value: 'globex' },
    client: { value: 'ci' },
    scopes: { value: ['write'] },
  };
  expect(outcome({ org: 'acme', sub: 'x', scope: 'sealtrail:read' }, settings)).toBe(
    'globex ci write',
  );
});

test('a claim may lie within others', () => {
  const settings = {
    client: { claim: ['kubernetes.io', 'serviceaccount', 'name'] },
    scopes: { claim: ['realm_access', 'roles'], map: { 'audit writer': 'write' } },
  };
  const over = {
    'kubernetes.io': { serviceaccount: { name: 'shop' } },
    realm_access: { roles: ['audit writer'] },
  };
  expect(outcome(over, settings)).toBe('acme shop write');
  expect(outcome({ ...over, 'kubernetes.io': 'shop' }, settings)).toBe('forbidden');
  expect(outcome({ ...over, 'kubernetes.io': null }, settings)).toBe('forbidden');
});

test('requests are counted by issuer and client, whatever else a token says', () => {
  const id = callerOf().keyId;
  expect(callerOf({ jti: 'another', org: 'globex' }).keyId).toBe(id);
  expect(callerOf({ sub: 'shop' }).keyId).not.toBe(id);
  expect(callerOf({}, { issuer: 'https://other.example' }).keyId).not.toBe(id);
});
