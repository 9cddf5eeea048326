import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unseen } from '../../src/domain/producer.ts';
import { producerSortKey } from '../../src/store/keys.ts';
import { packMarks, unpackMarks } from '../../src/store/marks.ts';
import type { ProducerList, ProducerStore } from '../../src/store/producer-store.ts';
import { createProducers } from '../../src/store/producers.ts';
import { auditorHarness } from '../auditor/harness.ts';
import { MemoryProducers } from '../fake/memory-producers.ts';
import { aProducer, chain, heard } from '../fixture/producer-life.ts';
import { startProducersTable } from './producers-table.ts';

let table: Awaited<ReturnType<typeof startProducersTable>>;
beforeAll(async () => {
  table = await startProducersTable();
});
afterAll(() => table.close());

const key = { client: 'billing', producer: aProducer };
const sortKey = producerSortKey('billing', aProducer);
const about = { watched: true, expires: 2_000_000_000 };
let tenants = 0;

describe.each([
  ['the table', () => createProducers(table)],
  ['the fake', () => new MemoryProducers()],
] as const)('%s', (_, open) => {
  let store: ProducerStore & ProducerList;
  let tenant: string;
  beforeAll(() => {
    store = open();
  });
  const fresh = () => {
    tenant = `tenant-${++tenants}`;
    return tenant;
  };

  test('gives a state back as it was saved, with its version', async () => {
    fresh();
    expect(await store.states(tenant, [key])).toEqual(new Map());
    for (const [version, state] of [unseen, heard(chain(3, { fin: true }))].entries()) {
      expect(await store.saveState(tenant, key, { state, version }, about)).toBe('saved');
      expect((await store.states(tenant, [key])).get(sortKey)).toEqual({
        state,
        version: version + 1,
      });
    }
  });

  test('saves nothing over what was changed since it was read', async () => {
    fresh();
    const first = { state: heard(chain(1)), version: 0 };
    expect(await store.saveState(tenant, key, first, about)).toBe('saved');
    for (const version of [0, 2])
      expect(await store.saveState(tenant, key, { state: unseen, version }, about)).toBe(
        'conflict',
      );
    expect((await store.states(tenant, [key])).get(sortKey)?.state).toEqual(first.state);
  });

  test('keeps marks by page, and nothing over what was changed since they were read', async () => {
    fresh();
    const wanted = [{ ...key, pages: [0, 1, 7] }];
    const read = async () => {
      const found = (await store.marks(tenant, wanted)).get(sortKey);
      if (found === undefined) throw new Error('a producer that was asked for is left out');
      return found;
    };
    const before = await read();
    expect(before.marks.size).toBe(0);
    const marks = new Map([0, 127, 128, 900].map((seq) => [seq, `mark${seq}`.padEnd(12, '.')]));
    const all = { ...before, marks };
    for (const page of [0, 1, 7])
      expect(await store.saveMarks(tenant, key, page, all, 2_000_000_000)).toBe('saved');
    expect([...(await read()).marks].sort()).toEqual([...marks].sort());
    expect(await store.saveMarks(tenant, key, 0, all, 2_000_000_000)).toBe('conflict');
    expect(await store.saveMarks(tenant, key, 0, await read(), 2_000_000_000)).toBe('saved');
  });

  test('gives those that are watched, of all tenants, until they are let go', async () => {
    const watched = async () => {
      const found: string[] = [];
      for await (const page of store.watched()) found.push(...page.map((each) => each.tenant));
      return found.filter((each) => each === tenant);
    };
    fresh();
    await store.saveState(tenant, key, { state: unseen, version: 0 }, about);
    expect(await watched()).toEqual([tenant]);
    await store.saveState(tenant, key, { state: unseen, version: 1 }, { ...about, watched: false });
    expect(await watched()).toEqual([]);
  });

  test('moves a place in a feed forward only', async () => {
    fresh();
    const place = async () => (await store.checkpoints([tenant])).get(tenant);
    expect(await place()).toBeUndefined();
    for (const after of [
      '2026-01-02T00:00:00.000Z#b',
      '2026-01-01T00:00:00.000Z#z',
      '2026-01-02T00:00:00.000Z#a',
    ]) {
      await store.advance(tenant, after);
      expect(await place()).toBe('2026-01-02T00:00:00.000Z#b');
    }
  });

  test('lists a tenant’s producers by client and id, a page after the other, and no other tenant’s', async () => {
    fresh();
    const clients = ['c', 'a', 'b'];
    for (const client of clients) {
      await store.saveState(tenant, { ...key, client }, { state: unseen, version: 0 }, about);
      await store.saveState(
        `${tenant}-x`,
        { ...key, client },
        { state: unseen, version: 0 },
        about,
      );
    }
    await store.advance(tenant, 'x');
    const first = await store.list(tenant, { after: undefined, limit: 2 });
    expect(first.producers.map(({ client }) => client)).toEqual(['a', 'b']);
    expect(first.next).toMatchObject({ client: 'b' });
    const rest = await store.list(tenant, { after: first.next, limit: 2 });
    expect(rest).toEqual({
      producers: [{ tenant, client: 'c', producer: aProducer, state: unseen }].map((each) =>
        expect.objectContaining(each),
      ),
      malformed: [],
      next: undefined,
    });
  });
});

test('two runs of the auditor at once on the table lose nothing', async () => {
  const auditor = auditorHarness(createProducers(table));
  const life = chain(400);
  for (let i = 0; i < 400; i += 20) await auditor.store(life.slice(i, i + 20), { tenant: 'twice' });
  const first = auditor.run();
  await auditor.store(chain(1, { branch: 'b', after: life[7] }), { tenant: 'twice' });
  await Promise.all([first, auditor.run(), auditor.run()]);
  await auditor.run();
  expect(await auditor.verdict('twice')).toMatchObject({
    head: { seq: 399, id: life[399]?.id },
    gaps: [],
    forks: [8],
  });
});

test('marks take two write units a page', () => {
  const marks = new Map(
    Array.from({ length: 300 }, (_, seq) => [seq, String(seq).padEnd(12, '.')]),
  );
  const text = packMarks(1, marks);
  expect(text.length).toBeLessThan(1600);
  expect(unpackMarks(1, text)).toEqual([...marks].slice(128, 256));
});

test('a row of another form is told of and passed over, in every way to it', async () => {
  const store = createProducers(table);
  const tenant = `tenant-${++tenants}`;
  const put = (sk: string, item: Record<string, { S?: string; N?: string }>) =>
    table.client.send(
      new PutItemCommand({
        TableName: table.table,
        Item: { pk: { S: tenant }, sk: { S: sk }, watch: { S: 'yes' }, ...item },
      }),
    );
  await store.saveState(tenant, key, { state: unseen, version: 0 }, about);
  const spoilt = ['a', 'b', 'c'].map((client) => ({ client, producer: aProducer }));
  const sortKeys = spoilt.map(({ client, producer }) => producerSortKey(client, producer));
  const [noJson = '', noState = '', noVersion = ''] = sortKeys;
  await put(noJson, { state: { S: '{' }, version: { N: '1' } });
  await put(noState, { state: { S: '{"runs":[{}]}' }, version: { N: '1' } });
  await put(noVersion, { state: { S: JSON.stringify(unseen) } });

  const told: string[] = [];
  const states = await store.states(tenant, [key, ...spoilt], (row) => told.push(row));
  expect([...states.keys()]).toEqual([sortKey]);
  expect(told.sort()).toEqual(sortKeys);
  const rows: string[] = [];
  const watched: string[] = [];
  for await (const page of store.watched((row) => rows.push(row)))
    watched.push(...page.filter((each) => each.tenant === tenant).map(({ client }) => client));
  expect(watched).toEqual([key.client]);
  expect(rows.sort()).toEqual(sortKeys.map((each) => `${tenant}/${each}`));
  const listed = await store.list(tenant, { after: undefined, limit: 10 });
  expect(listed.producers.map(({ client }) => client)).toEqual([key.client]);
  expect(listed.malformed).toEqual(spoilt);

  await put('marks#a#x#0', { marks: { S: '' } });
  const marks: string[] = [];
  await store.marks(tenant, [{ client: 'a', producer: 'x', pages: [0] }], (row) => marks.push(row));
  expect(marks).toEqual([producerSortKey('a', 'x')]);
  await put('checkpoint', { after: { S: 'zzz' } });
  const places: string[] = [];
  expect(await store.checkpoints([tenant], (of) => places.push(of))).toEqual(new Map());
  expect(places).toEqual([tenant]);
  await put('comparison', { comparison: { S: '{"places":[]}' } });
  expect(await store.comparisons([tenant])).toEqual(new Map());
  expect(await store.untold(tenant)).toEqual([]);
});

test('a comparison is given back as it was saved', async () => {
  const store = createProducers(table);
  const tenant = `tenant-${++tenants}`;
  const untold = [{ ...key, seq: 3, key: '2026-03-01T12:00:00.000Z#x', shard: 1, since: 5 }];
  const places = { recent: { day: '2026-03-01', shard: 1, after: 'x' }, all: undefined };
  await store.saveComparison(tenant, { places, untold });
  expect((await store.comparisons([tenant])).get(tenant)).toEqual({ places, untold });
  expect(await store.untold(tenant)).toEqual(untold);
});
