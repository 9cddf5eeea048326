import { expect, test } from 'vitest';
import { verifyProof } from '../../src/domain/verify-proof.ts';
import { signer } from '../fixture/batches.ts';
import { event, line, lines } from '../fixture/events.ts';
import { issuerOf } from '../fixture/issued.ts';
import { verifySecond } from '../fixture/second-verifier.ts';
import { now, readHarness } from './harness.ts';

const issuer = issuerOf();
const pins = { issuers: new Set([issuer.pin]) };

/** The read API, with a client of `acme` whose grant is really signed. */
function open() {
  const api = readHarness();
  const client = (tenant = 'acme') => {
    const who = signer();
    api.grants.set(who.grantId, issuer.grant(who, { tenant }));
    return who;
  };
  return { api, client };
}

const idOf = (bytes: Buffer | undefined) => JSON.parse(bytes?.toString() ?? '').id;

test('each event of a batch is proved, and a program without our code agrees', async () => {
  const { api, client } = open();
  const of = lines(now, 7);
  await api.add(client(), of);
  for (const each of of) {
    const { status, headers, body, text } = await api.proof(idOf(each));
    expect([status, headers['content-type']]).toEqual([200, 'application/json']);
    expect(Buffer.from(body.line, 'base64url')).toEqual(each);
    expect(verifyProof(body, pins)).toMatchObject({ kind: 'intact', place: { tenant: 'acme' } });
    expect((await verifySecond(text, issuer.pin)).event).toEqual(JSON.parse(each.toString()));
  }
});

test('it says when the grant was looked up, and what came of it', async () => {
  const { api, client } = open();
  const it = event(now);
  const who = client();
  await api.add(who, [line(it)]);
  // Revoked afterwards, from a time before it arrived.
  api.grants.set(who.grantId, issuer.grant(who, { revokedAt: now - 1, checkedAt: now - 5 }));
  const { body } = await api.proof(it.id);
  expect(body.revocation).toEqual({
    checkedAt: '2026-03-01T11:59:59.995Z',
    revokedAt: '2026-03-01T11:59:59.999Z',
  });
  expect(verifyProof(body, pins)).toMatchObject({ kind: 'incomplete', code: 'revoked' });
});

test('different events with one id are all proved, and alarmed', async () => {
  const { api, client } = open();
  const it = event(now);
  await api.add(client(), [line(it)]);
  await api.add(client(), [line({ ...it, outcome: 'denied' }), line(event(now))]);
  const {
    body: { others, ...first },
  } = await api.proof(it.id);
  expect(others).toHaveLength(1);
  const proofs = [first, ...others];
  for (const proof of proofs)
    expect(verifyProof(proof, pins)).toMatchObject({ kind: 'intact', id: it.id });
  expect(new Set(proofs.map(({ line }) => line)).size).toBe(2);
  expect(api.counted('Equivocations')).toBe(1);
});

test('of what is not there, is another tenant’s, or is no id, there is the same answer', async () => {
  const { api, client } = open();
  const foreign = event(now);
  await api.add(client('globex'), [line(foreign)]);
  await api.add(client(), [], { fin: true, sealed: now, from: now, to: now });
  for (const id of [event(now).id, foreign.id, 'x', ''])
    expect(await api.proof(id)).toMatchObject({ status: 404, body: { code: 'not-found' } });
  expect((await api.proof(foreign.id, { key: 'key-of-globex' })).status).toBe(200);
  expect((await api.proof(foreign.id, { key: 'key-of-all' }, 'tenant=globex')).status).toBe(200);
  expect((await api.proof(foreign.id, { key: 'writer' })).status).toBe(403);
});

test('no proof is made of stored bytes that were altered', async () => {
  const { api, client } = open();
  const of = lines(now, 3);
  const batch = await api.add(client(), of);
  batch.record.write('X', batch.record.indexOf('refunded'));
  expect(await api.proof(idOf(of[0]))).toMatchObject({
    status: 500,
    body: { code: 'integrity-broken' },
  });
});
