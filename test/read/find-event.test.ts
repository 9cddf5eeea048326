import { expect, test } from 'vitest';
import { verifyProof } from '../../src/domain/verify-proof.ts';
import { inTurn } from '../../src/read/in-turn.ts';
import type { StoredBatch } from '../../src/store/batch-store.ts';
import { signer } from '../fixture/batches.ts';
import { event, line } from '../fixture/events.ts';
import { issuerOf } from '../fixture/issued.ts';
import { now, readHarness } from './harness.ts';

const issuer = issuerOf();
const pins = { issuers: new Set([issuer.pin]) };

/** The read API with two clients of `acme`, whose grants are really signed. */
function setUp() {
  const api = readHarness();
  const client = (name: string) => {
    const who = signer({ client: name });
    api.grants.set(who.grantId, issuer.grant(who));
    return who;
  };
  return { api, billing: client('billing'), shop: client('shop') };
}

const chained = (seq: number) => ({ seq, prev: seq === 0 ? null : 'A'.repeat(43) });
const named = ({ to, id, shard }: StoredBatch) =>
  `batch=${encodeURIComponent(`${to}#${id}#${shard}`)}`;

test.each([
  ['faulty lines', (id: string, n: number) => ({ id, n })],
  ['valid events', (id: string, n: number) => ({ ...event(now), id, metadata: { n } })],
])(
  'however many %s of another client bear an event’s id, it is found and proved, in one pass',
  async (_, forged) => {
    const { api, billing, shop } = setUp();
    const it = event(now);
    for (let seq = 0; seq < 13; seq++)
      await api.add(
        shop,
        Array.from({ length: 500 }, (_, i) => line(forged(it.id, 500 * seq + i))),
        chained(seq),
      );
    // Behind all the others in the order of the store.
    await api.add(billing, [line(it), line(event(now + 1000))]);
    for (let seq = 13; seq < 26; seq++)
      await api.add(shop, [line(forged(it.id, 1e6 + seq))], chained(seq));
    api.store.recordsRead = 0;
    const { status, body } = await api.one(it.id);
    expect([status, body.more]).toEqual([200, true]);
    expect(api.store.recordsRead).toBe(27);
    const clients = [body, ...body.others].map(({ client }) => client);
    expect(clients.slice(0, 2).sort()).toEqual(['billing', 'shop']);
    expect(clients).toHaveLength(100);

    const proved = await api.proof(it.id);
    expect([proved.status, proved.body.more]).toEqual([200, true]);
    const { others, more, ...first } = proved.body;
    const verdicts = [first, ...others].map((proof) => verifyProof(proof, pins));
    expect(verdicts.map(({ kind }) => kind)).toEqual(Array(100).fill('intact'));
    expect(verdicts.slice(0, 2).map(({ place }) => place?.client)).toContain('billing');
  },
);

test('a batch that is named is looked into alone, for the event and for its proof', async () => {
  const { api, billing, shop } = setUp();
  const it = event(now);
  const own = await api.add(billing, [line(it), line(event(now))]);
  const other = await api.add(shop, [line({ ...it, outcome: 'denied' })]);
  const { body } = await api.one(it.id, {}, named(own));
  expect(body).toMatchObject({ client: 'billing', batch: own.id });
  expect(named(own)).toBe(`batch=${encodeURIComponent(body.batchName)}`);
  expect(body.others).toBeUndefined();
  const proof = (await api.proof(it.id, {}, named(other))).body;
  expect(verifyProof(proof, pins)).toMatchObject({ kind: 'intact', place: { client: 'shop' } });
  const elsewhere = await api.add(shop, [line(event(now))], chained(1));
  expect((await api.one(it.id, {}, named(elsewhere))).status).toBe(404);
  expect((await api.one(it.id, {}, 'batch=x')).status).toBe(400);
});

test('a copy of an event by another client is given as that client’s, and is no equivocation', async () => {
  const { api, billing, shop } = setUp();
  const it = event(now);
  await api.add(billing, [line(it)]);
  await api.add(shop, [line(it)]);
  const { body } = await api.one(it.id);
  const clients = [body, ...body.others].map(({ client }) => client);
  expect(clients.sort()).toEqual(['billing', 'shop']);
  expect(body.more).toBeUndefined();
  expect(api.counted('Equivocations')).toBe(0);
});

test('where more batches lie over its millisecond than one request reaches, the batch must be named', async () => {
  const { api, shop } = setUp();
  const batches: StoredBatch[] = [];
  for (let seq = 0; seq < 40; seq++)
    batches.push(
      await api.add(shop, [line(event(now)), line(event(now + 1000 + seq))], chained(seq)),
    );
  const last = event(now);
  const holder = await api.add(shop, [line(last), line(event(now + 2000))], chained(40));
  const records = api.store.records.bind(api.store);
  api.store.records = (...asked) => {
    api.clock.now += 10_000; // the time of one request is over after the first sixteen
    return records(...asked);
  };
  const answer = await api.one(last.id);
  expect(answer).toMatchObject({ status: 400, body: { code: 'batch-needed' } });
  expect(api.store.recordsRead).toBe(16);
  expect((await api.proof(last.id)).body.code).toBe('batch-needed');
  expect((await api.one(last.id, {}, named(holder))).body.event).toEqual(last);
  expect((await api.proof(last.id, {}, named(holder))).status).toBe(200);
});

test('clients take turns, and of one client its producers', () => {
  const items = ['a1x', 'a1y', 'a1z', 'a2x', 'b1x', 'a2y', 'c1x', 'c1y'];
  const taken = inTurn(items, [(item) => item[0] ?? '', (item) => item[1] ?? '']);
  expect(taken).toEqual(['a1x', 'b1x', 'c1x', 'a2x', 'c1y', 'a1y', 'a2y', 'a1z']);
  expect(inTurn([], [(item: string) => item])).toEqual([]);
});
