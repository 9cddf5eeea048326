import { expect, test } from 'vitest';
import { type ApiKeyRecord, mintApiKey } from '../../src/domain/api-key.ts';
import { codeOf } from '../../src/domain/error.ts';
import { authenticateApiKey, bearerToken } from '../../src/lambda/api-key.ts';

function registry() {
  const { id, text, hash } = mintApiKey();
  const record: ApiKeyRecord = {
    hash,
    tenant: 'acme',
    client: 'billing',
    scopes: new Set(['write']),
    created: '2023-01-01T00:00:00.000Z',
  };
  const state = { now: 0, records: new Map([[id, record]]), lookups: [] as string[] };
  const authenticate = authenticateApiKey({
    async lookup(keyId) {
      state.lookups.push(keyId);
      return state.records.get(keyId);
    },
    now: () => state.now,
  });
  return { id, text, record, state, authenticate };
}

const codes = (call: Promise<unknown>) => call.then(() => undefined, codeOf);

test('a key proves who calls', async () => {
  const { id, text, authenticate } = registry();
  expect(await authenticate(text)).toEqual({
    keyId: id,
    tenant: 'acme',
    client: 'billing',
    scopes: new Set(['write']),
  });
});

test('a key is looked up once in thirty seconds', async () => {
  const { id, text, state, authenticate } = registry();
  for (const now of [0, 1, 29_999]) {
    state.now = now;
    await authenticate(text);
  }
  expect(state.lookups).toEqual([id]);
  state.now = 30_000;
  await authenticate(text);
  expect(state.lookups).toEqual([id, id]);
});

test('a key that was revoked is refused at the latest thirty seconds later', async () => {
  const { id, text, record, state, authenticate } = registry();
  await authenticate(text);
  state.records.set(id, { ...record, revoked: '2023-06-01T00:00:00.000Z' });
  state.now = 30_000;
  expect(await codes(authenticate(text))).toBe('unauthenticated');
});

test('a key that was just made is found, though it was asked for before', async () => {
  const { id, text, record, state, authenticate } = registry();
  state.records.clear();
  expect(await codes(authenticate(text))).toBe('unauthenticated');
  state.records.set(id, record);
  expect(await authenticate(text)).toMatchObject({ keyId: id });
});

test('a stored hash of another length refuses, and does not throw something else', async () => {
  const { id, text, record, state, authenticate } = registry();
  state.records.set(id, { ...record, hash: record.hash.subarray(1) });
  expect(await codes(authenticate(text))).toBe('unauthenticated');
});

test('a malformed key costs no look-up', async () => {
  const { text, state, authenticate } = registry();
  expect(await codes(authenticate(`${text}0`))).toBe('unauthenticated');
  expect(state.lookups).toEqual([]);
});

test('a registry that is down makes nobody unauthenticated', async () => {
  const authenticate = authenticateApiKey({
    lookup: () => Promise.reject(new Error('down')),
    now: () => 0,
  });
  expect(await codes(authenticate(mintApiKey().text))).toBe('unavailable');
});

test('a token is read from one Authorization header, with the scheme in any case', () => {
  expect(bearerToken('Bearer st_a')).toBe('st_a');
  expect(bearerToken('bearer  eyJ.e30.x_-')).toBe('eyJ.e30.x_-');
});

test.each([
  undefined,
  '',
  'Bearer',
  'Bearer ',
  'Bearer a,Bearer b',
  'Bearer a b',
  'Basic YQ==',
  'st_a',
])('no token is read from %j', (header) => {
  expect(() => bearerToken(header)).toThrow('exactly one Authorization header');
});
