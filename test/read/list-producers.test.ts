import { expect, test } from 'vitest';
import { toTime } from '../../src/domain/encoding.ts';
import type { HttpRequest } from '../../src/lambda/http.ts';
import { listProducers } from '../../src/read/list-producers.ts';
import { MemoryProducers } from '../fake/memory-producers.ts';
import { aProducer, born, chain, heard } from '../fixture/producer-life.ts';

const about = { watched: true };

/** The operation over producers in memory; the key is the name of its tenant. */
function setUp() {
  const producers = new MemoryProducers();
  const operation = listProducers({
    producers,
    authenticate: async ({ headers }) => ({
      tenant: headers['authorization'] ?? '',
      keyId: 'k',
      client: 'reader',
    }),
    secret: async () => Buffer.alloc(32, 7),
    now: () => born + 60_000,
    retentionDays: async () => 30,
  });
  return {
    producers,
    async ask(query = '', tenant = 'acme') {
      const request = { query: new URLSearchParams(query), headers: { authorization: tenant } };
      const { body } = await operation(request as unknown as HttpRequest);
      return JSON.parse(String(body));
    },
  };
}

const life = chain(6);
const key = { client: 'billing', producer: aProducer };

test('a producer is shown with its head, gaps, forks and end', async () => {
  const { producers, ask } = setUp();
  const fork = chain(1, { branch: 'b', after: life[0] });
  const state = heard([...life.filter(({ seq }) => seq !== 3), ...fork]);
  await producers.saveState('acme', key, { state, version: 0 }, about);
  expect(await ask()).toEqual({
    producers: [
      {
        ...key,
        status: 'open',
        head: { seq: 2, batch: life[2]?.id },
        gaps: [{ from: 3, to: 3, since: toTime(born + 4000) }],
        expired: [],
        forks: [1],
        fin: null,
        lastSeen: toTime(born + 5000),
      },
    ],
  });
});

test('a page leads to the next one until all were given', async () => {
  const { producers, ask } = setUp();
  const clients = ['a', 'b', 'c', 'd', 'e'];
  for (const client of clients)
    await producers.saveState(
      'acme',
      { ...key, client },
      { state: heard(life), version: 0 },
      about,
    );
  const found: string[] = [];
  let next: string | undefined;
  do {
    const page = await ask(`limit=2${next === undefined ? '' : `&cursor=${next}`}`);
    found.push(...page.producers.map(({ client }: { client: string }) => client));
    next = page.next;
  } while (next !== undefined);
  expect(found).toEqual(clients);
});

test('another tenant’s producers are not shown, and may not be asked for', async () => {
  const { producers, ask } = setUp();
  await producers.saveState('acme', key, { state: heard(life), version: 0 }, about);
  expect(await ask('', 'other')).toEqual({ producers: [] });
  await expect(ask('tenant=acme', 'other')).rejects.toMatchObject({ code: 'forbidden' });
  expect((await ask('tenant=acme', '*')).producers).toHaveLength(1);
});

test('a cursor of another tenant, and a parameter that there is not, are refused', async () => {
  const { producers, ask } = setUp();
  for (const client of ['a', 'b'])
    await producers.saveState(
      'acme',
      { ...key, client },
      { state: heard(life), version: 0 },
      about,
    );
  const { next } = await ask('limit=1');
  await expect(ask(`cursor=${next}`, 'other')).rejects.toMatchObject({ code: 'not-found' });
  await expect(ask('order=asc')).rejects.toMatchObject({ code: 'request-invalid' });
});

test('rows that cannot be read are named, and so is what is stored and was not told of, on the first page', async () => {
  const { producers, ask } = setUp();
  for (const client of ['a', 'b'])
    await producers.saveState(
      'acme',
      { ...key, client },
      { state: heard(life), version: 0 },
      about,
    );
  const list = producers.list.bind(producers);
  producers.list = async (...asked) => ({ ...(await list(...asked)), malformed: [key] });
  const place = { key: `${toTime(born)}#${life[5]?.id}`, shard: 2 };
  const untold = [{ ...key, seq: 5, ...place, since: born + 1000 }];
  await producers.saveComparison('acme', { places: {}, untold });
  const first = await ask('limit=1');
  expect(first.unreadable).toEqual([key]);
  expect(first.untold).toEqual([
    { ...key, seq: 5, batch: `${place.key}#2`, since: toTime(born + 1000) },
  ]);
  expect((await ask(`limit=1&cursor=${first.next}`)).untold).toBeUndefined();
});
