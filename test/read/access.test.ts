import { expect, test } from 'vitest';
import { codeOf } from '../../src/domain/error.ts';
import { tenantOf } from '../../src/read/access.ts';
import { event, line } from '../fixture/events.ts';
import { now, readHarness } from './harness.ts';

function outcome(tenant: string, named: string | undefined): string | undefined {
  try {
    return tenantOf({ tenant, keyId: 'k', client: 'reader' }, named);
  } catch (error) {
    return codeOf(error);
  }
}

test('a key reads its own tenant, whether or not it is named, and no other', () => {
  expect(outcome('acme', undefined)).toBe('acme');
  expect(outcome('acme', 'acme')).toBe('acme');
  expect(outcome('acme', 'globex')).toBe('forbidden');
  for (const named of ['*', '', 'acme#feed', 'a b'])
    expect(outcome('acme', named)).toBe('request-invalid');
});

test('a key over all tenants must name one', () => {
  expect(outcome('*', 'globex')).toBe('globex');
  for (const named of [undefined, '*', '', 'acme#calendar'])
    expect(outcome('*', named)).toBe('request-invalid');
});

test('each of the resources asks for a key that may read', async () => {
  const api = readHarness();
  for (const ask of [api.list, api.feed, (_: string, as: { key: string }) => api.one('x', as)]) {
    expect((await ask('', { key: 'writer' })).status).toBe(403);
    expect((await ask('', { key: '' })).status).toBe(401);
    expect((await ask('', { key: 'two, Bearer keys' })).status).toBe(401);
  }
});

test('tenant given twice is refused by each of them, and another tenant’s log is forbidden', async () => {
  const api = readHarness();
  for (const ask of [api.list, api.feed, (query: string) => api.one('x', {}, query)]) {
    expect(await ask('tenant=acme&tenant=globex')).toMatchObject({
      status: 400,
      body: { code: 'request-invalid' },
    });
    expect((await ask('tenant=globex')).status).toBe(403);
  }
});

test('a reader sees its own tenant’s events only, also where another has the same client and id', async () => {
  const api = readHarness();
  const shared = event(now, { reason: 'of acme' });
  await api.add(api.client(), [line(shared)]);
  await api.add(api.client({ tenant: 'globex' }), [line({ ...shared, reason: 'of globex' })]);
  const reasons = async (key: string, query: string) =>
    (await api.list(query, { key })).body.events.map(
      (it: { event: { reason: string } }) => it.event.reason,
    );
  expect(await reasons('key-of-acme', '')).toEqual(['of acme']);
  expect(await reasons('key-of-globex', '')).toEqual(['of globex']);
  expect(await reasons('key-of-all', 'tenant=globex')).toEqual(['of globex']);
  expect((await api.list('', { key: 'key-of-all' })).status).toBe(400);
});
