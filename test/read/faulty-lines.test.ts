import { expect, test } from 'vitest';
import { event, line } from '../fixture/events.ts';
import { now, readHarness } from './harness.ts';

/** An event that is asked for, under many newer lines that are none. */
async function setUp() {
  const api = readHarness();
  const it = event(now - 1000, { action: 'secret.alpha' });
  await api.add(api.client({ sub: 'billing' }), [line(it)]);
  const faulty = Array.from({ length: 50 }, (_, n) => line({ id: event(now).id, n }));
  await api.add(api.client(), faulty);
  return { api, it };
}

test('faulty lines take no room on a filtered page, which says that there are some', async () => {
  const { api, it } = await setUp();
  const { body } = await api.list('action=secret.alpha&limit=5');
  expect(body.events.map(({ event }: { event?: unknown }) => event)).toEqual([it]);
  expect(body).toMatchObject({ leftOut: 'faulty', next: null });
  for (const accept of ['application/x-ndjson', 'text/csv']) {
    const page = await api.list('action=secret.alpha&limit=5', { accept });
    expect(page.headers['sealtrail-left-out']).toBe('faulty');
    expect(page.text).not.toContain('schema');
  }
});

test('they are read in their place without a filter, and alone, page by page, where they are asked for', async () => {
  const { api } = await setUp();
  const all = await api.list('limit=1000');
  expect(all.body.events).toHaveLength(51);
  expect(all.body.leftOut).toBeUndefined();
  let given = 0;
  for (let query: string | undefined = 'faulty=true&limit=20'; query !== undefined; ) {
    const { body } = await api.list(query);
    expect(body.events.length).toBeLessThanOrEqual(20);
    for (const each of body.events) expect(each.faults).toEqual(['schema']);
    given += body.events.length;
    query = body.next === null ? undefined : `faulty=true&limit=20&cursor=${body.next}`;
  }
  expect(given).toBe(50);
});

test('alone they go with no filter, and never to a viewer', async () => {
  const { api } = await setUp();
  expect((await api.list('faulty=true&actor=u_17')).status).toBe(400);
  expect((await api.list('faulty=false')).status).toBe(400);
  const { body } = await api.viewerToken({ filter: { actor: 'u_17' }, from: '-30d' });
  const as = { key: body.token };
  expect((await api.list('faulty=true', as)).status).toBe(403);
  const seen = await api.list('', as);
  expect(seen.body.leftOut).toBeUndefined();
  expect(seen.body.events.map(({ batchName }: { batchName?: string }) => batchName)).toEqual([
    undefined,
  ]);
});
