import { expect, test } from 'vitest';
import { event, line } from '../fixture/events.ts';
import { now, readHarness } from './harness.ts';

const of = (customer: string, at = now) => event(at, { metadata: { customer } });

/** Events of two customers and a faulty line in one batch of acme, and a token for `one`. */
async function setUp(over: object = {}) {
  const api = readHarness();
  const [one, two] = [of('one', now - 1), of('two')];
  const faulty = { ...of('one', now - 2), typo: 1 };
  await api.add(api.client(), [line(faulty), line(one), line(two)]);
  const minted = await api.viewerToken({ filter: { 'metadata.customer': 'one' }, ...over });
  const as = { key: minted.body.token as string };
  return { api, minted, as, one, two, faulty };
}

const ids = ({ body }: { body: { events: { event: { id: string } }[] } }) =>
  body.events.map((each) => each.event?.id);

test('a viewer token reads what matches its filter, and nothing beside it, whatever is asked', async () => {
  const { api, minted, as, one, two, faulty } = await setUp();
  expect(minted).toMatchObject({
    status: 201,
    body: { tenant: 'acme', expiresAt: '2026-03-01T12:15:00.000Z' },
  });
  expect(ids(await api.list('', as))).toEqual([one.id]);
  expect(ids(await api.list('metadata.customer=two', as))).toEqual([]);
  expect(ids(await api.list('metadata.customer=one&metadata.customer=two', as))).toEqual([one.id]);
  expect(ids(await api.list('q=customer', as))).toEqual([one.id]);
  expect((await api.one(one.id, as)).status).toBe(200);
  for (const { id } of [two, faulty]) expect((await api.one(id, as)).status).toBe(404);
  const { body } = await api.stats('by=action', as);
  expect(body).toMatchObject({ count: 1, faulty: 0, approximate: false });
});

test('a viewer token is kept to its range of time', async () => {
  const { api, as, one } = await setUp({ to: new Date(now - 1).toISOString() });
  expect(ids(await api.list('', as))).toEqual([]);
  expect(ids(await api.list('from=2026-03-01T11:59:59.999Z&to=2027-01-01', as))).toEqual([]);
  expect((await api.one(one.id, as)).status).toBe(404);
  expect((await api.stats('by=hour', as)).body.count).toBe(0);
  const wide = await setUp({ from: '-1h', to: '2026-03-01T12:00:00Z' });
  expect(ids(await wide.api.list('', wide.as))).toEqual([wide.one.id]);
});

test('a viewer token is not told how many batches of others have expired', async () => {
  const api = readHarness();
  await api.add(api.client({ retentionDays: 1 }), [line(of('two'))]);
  api.clock.now += 2 * 86_400_000;
  const minted = await api.viewerToken({ filter: { 'metadata.customer': 'one' } });
  expect((await api.stats('by=action', { key: minted.body.token })).body).toMatchObject({
    approximate: false,
    reasons: [],
  });
});

test('a viewer token is good for events and stats, and for nothing else', async () => {
  const { api, as } = await setUp();
  for (const ask of [
    api.feed,
    api.batches,
    api.quarantine,
    (_: string, key: object) => api.viewerToken({}, key),
  ])
    expect(await ask('', as)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  expect((await api.list('tenant=globex', as)).status).toBe(403);
  expect((await api.list('tenant=acme', as)).status).toBe(200);
});

test('a viewer token gives proofs only if it was made for them', async () => {
  const { api, as, one } = await setUp();
  expect(await api.proof(one.id, as)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  const proving = await setUp({ proof: true });
  expect((await proving.api.proof(proving.one.id, proving.as)).status).toBe(200);
  expect((await proving.api.proof(proving.two.id, proving.as)).status).toBe(404);
  expect((await proving.api.proof(proving.one.id)).status).toBe(200);
});

test('that a viewer token is made is recorded: by whom, with what filter, until when', async () => {
  const { api } = await setUp({ from: '-1h', expiresInSeconds: 60, proof: true });
  expect(api.made).toMatchObject([
    {
      tenant: 'acme',
      reader: { keyId: 'kidacme', client: 'reader' },
      token: 'viewer-1',
      filter: { 'metadata.customer': 'one' },
      from: now - 3_600_000,
      expiresAt: now + 60_000,
      proof: true,
      at: now,
    },
  ]);
  await api.viewerToken({ filter: {} });
  expect(api.made).toHaveLength(1);
});

test('a viewer token ends no later than the token of the provider that made it', async () => {
  const { api } = await setUp();
  const as = { key: 'key-of-oidc' };
  const minted = await api.viewerToken({ filter: { actor: 'u' } }, as);
  expect(minted.body.expiresAt).toBe('2026-03-01T12:01:40.000Z');
  const short = await api.viewerToken({ filter: { actor: 'u' }, expiresInSeconds: 9 }, as);
  expect(short.body.expiresAt).toBe('2026-03-01T12:00:09.000Z');
  api.clock.now += 99_999;
  const key = { key: minted.body.token };
  expect((await api.list('', key)).status).toBe(200);
  api.clock.now += 1;
  expect((await api.list('', key)).status).toBe(401);
  // A provider's token is taken some seconds after its end, for clocks that differ.
  expect((await api.viewerToken({ filter: { actor: 'u' } }, as)).status).toBe(401);
});

test('a viewer token ends: with its time, and with the key that made it', async () => {
  const { api, as } = await setUp({ expiresInSeconds: 60 });
  api.clock.now += 59_999;
  expect((await api.list('', as)).status).toBe(200);
  api.clock.now += 1;
  expect((await api.list('', as)).body).toMatchObject({ code: 'unauthenticated' });
  const other = await setUp();
  other.api.revoke('acme');
  expect((await other.api.list('', other.as)).status).toBe(401);
});

test('no bit of a viewer token can be changed', async () => {
  const { api, as } = await setUp();
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  for (let at = 4; at < as.key.length; at++) {
    for (const bit of [1, 2, 32]) {
      const place = alphabet.indexOf(as.key.charAt(at));
      if (place === -1) continue;
      const key = as.key.slice(0, at) + alphabet.charAt(place ^ bit) + as.key.slice(at + 1);
      expect((await api.list('', { key })).status).toBe(401);
    }
  }
  for (const key of ['stv_', 'stv_.', `${as.key}.`, `${as.key}.x`, as.key.replace('.', '')])
    expect((await api.list('', { key })).status).toBe(401);
});

test('a cursor of one viewer token is not another’s, nor the key’s', async () => {
  const { api, as } = await setUp();
  await api.add(api.client(), [line(of('one', now - 500))]);
  const { next } = (await api.list('limit=1', as)).body;
  expect(next).not.toBeNull();
  expect((await api.list(`cursor=${next}`, as)).status).toBe(200);
  expect((await api.list(`cursor=${next}`)).body.code).toBe('cursor-invalid');
  const two = await api.viewerToken({ filter: { 'metadata.customer': 'two' } });
  const other = { key: two.body.token };
  expect((await api.list(`cursor=${next}`, other)).body.code).toBe('cursor-invalid');
});

test.each([
  ['no filter', { filter: {} }],
  ['an unknown filter', { filter: { colour: 'red' } }],
  ['no value', { filter: { actor: [] } }],
  ['an empty value', { filter: { actor: '' } }],
  ['an hour and a second', { filter: { actor: 'u' }, expiresInSeconds: 3601 }],
  ['no time', { filter: { actor: 'u' }, expiresInSeconds: 0 }],
  ['an unknown member', { filter: { actor: 'u' }, scope: '*' }],
  ['an end before its start', { filter: { actor: 'u' }, from: '2026-02-01', to: '2026-01-01' }],
  ['a time that is none', { filter: { actor: 'u' }, from: 'yesterday' }],
  ['too long a filter', { filter: { actor: Array.from({ length: 9 }, () => 'x'.repeat(400)) } }],
])('a viewer token with %s is refused', async (_, body) => {
  expect(await readHarness().viewerToken(body)).toMatchObject({
    status: 400,
    body: { code: 'request-invalid' },
  });
});

test('a key over all tenants names the tenant of the token; no other key may name another', async () => {
  const api = readHarness();
  const filter = { actor: 'u' };
  const all = { key: 'key-of-all' };
  expect((await api.viewerToken({ filter }, all)).status).toBe(400);
  expect((await api.viewerToken({ filter, tenant: 'acme' }, all)).body.tenant).toBe('acme');
  expect((await api.viewerToken({ filter, tenant: 'globex' })).status).toBe(403);
  expect((await api.viewerToken({ filter }, { key: 'writer' })).status).toBe(403);
});
