import { readFileSync } from 'node:fs';
import { App } from 'aws-cdk-lib';
import type { Template } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { checkPipeline, checkStore } from '../../lib/settings.ts';
import { readStage } from '../../lib/stage.ts';
import { readEnv } from '../../src/read/env.ts';
import { tokenEnv } from '../../src/token/env.ts';
import { assemble } from '../fixture/assemble.ts';

// Who may say who calls, and when each key signs: from the settings to the functions.

const issuer = {
  issuer: 'https://login.example.com',
  audience: 'https://audit.example.com',
  tenant: { claim: 'org' },
};

/** The environment of a function, by the end of its name. */
function environmentOf(service: Template, name: string): Record<string, unknown> {
  const found = Object.values(service.findResources('AWS::Lambda::Function')).find(
    ({ Properties }) => Properties.FunctionName.endsWith(`-${name}`),
  );
  return found?.['Properties'].Environment.Variables;
}

const read = (context: Record<string, unknown>) => {
  const { store, pipeline } = readStage(new App({ context }));
  return { ...checkStore(store), ...checkPipeline(pipeline) };
};

test('issuers are told to those who answer requests, as their schemas read them, and to nobody else', () => {
  const { service } = assemble({ oidc: JSON.stringify([issuer]) });
  for (const [name, schema] of [
    ['token', tokenEnv.shape.OIDC_ISSUERS],
    ['read', readEnv.shape.OIDC_ISSUERS],
  ] as const)
    expect(schema.parse(environmentOf(service, name)['OIDC_ISSUERS'])).toMatchObject([issuer]);
  for (const name of ['consumer', 'auditor'])
    expect(environmentOf(service, name)).not.toHaveProperty('OIDC_ISSUERS');
});

test('without the setting there is nobody but our own keys', () => {
  const { service } = assemble();
  for (const name of ['token', 'read'])
    expect(environmentOf(service, name)).not.toHaveProperty('OIDC_ISSUERS');
});

test('issuers are JSON on the command line, and may stand as they are in cdk.json', () => {
  for (const oidc of [[issuer], JSON.stringify([issuer])])
    expect(read({ oidc }).oidc).toMatchObject([issuer]);
});

test('the example in the README is accepted as it stands', () => {
  const readme = readFileSync(new URL('../../lib/README.md', import.meta.url), 'utf8');
  const [, example = ''] = /```json\n(\[\n[^`]*)```/.exec(readme) ?? [];
  expect(read({ oidc: example }).oidc).toHaveLength(2);
});

test.each([
  ['that are no JSON', '[{', /oidc/],
  ['that are no list', JSON.stringify(issuer), /oidc/],
  ['with a typo', JSON.stringify([{ ...issuer, audiance: 'x' }]), /audiance/],
  ['in the clear', JSON.stringify([{ ...issuer, issuer: 'http://login.example.com' }]), /https/],
])('issuers %s are refused by name', (_, oidc, named) => {
  expect(() => read({ oidc })).toThrow(named);
});

test('the times of keys go with the keys in their order, with an hour for the deployment between', () => {
  const timesWith = (context: Record<string, string>) =>
    tokenEnv.shape.ISSUER_KEY_TIMES.parse(
      environmentOf(assemble(context).service, 'token')['ISSUER_KEY_TIMES'],
    );
  const [first, second, third] = [1_700_000_000, 1_710_000_000, 1_720_000_000];
  const since = (...times: number[]) =>
    times.map((time) => new Date(time * 1000).toISOString()).join(',');
  expect(timesWith({})).toBeUndefined();
  expect(timesWith({ signingSince: since(first) })).toBe(`${first}-`);
  expect(timesWith({ signingKeys: '3', signWith: '2', signingSince: since(first, second) })).toBe(
    `${second}-,-,${first}-${second + 3600}`,
  );
  expect(timesWith({ signingKeys: '3', signingSince: since(first, second, third) })).toBe(
    `${third}-,${second}-${third + 3600},${first}-${second + 3600}`,
  );
});

test.each([
  ['that is no time', { signingSince: 'yesterday' }],
  [
    'of a key that does not sign',
    { signingKeys: '2', signWith: '1', signingSince: '2026-01-01T00:00:00Z,2026-02-01T00:00:00Z' },
  ],
  [
    'in another order',
    { signingKeys: '2', signingSince: '2026-02-01T00:00:00Z,2026-01-01T00:00:00Z' },
  ],
])('a time %s is refused', (_, context) => {
  expect(() => read(context)).toThrow(/signingSince/);
});
