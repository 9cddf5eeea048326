import { expect, test } from 'vitest';
import { parseQuery } from '../../src/read/parse-query.ts';
import { event, line } from '../fixture/events.ts';
import { now, readHarness } from './harness.ts';

const parse = (query: string) => parseQuery(new URLSearchParams(query), now);

test.each([
  ['-90s', 90_000],
  ['-5m', 5 * 60_000],
  ['-24h', 86_400_000],
  ['-7d', 7 * 86_400_000],
  ['-2w', 14 * 86_400_000],
])('from=%s is that long ago', (text, ago) => {
  expect(parse(`from=${text}`)).toMatchObject({ from: now - ago, relative: true });
});

test.each(['-24', '-h', '-1y', '--1h', '-1.5h', '24h', '-1h30m', '-999999999w', '-1H'])(
  'from=%s is refused, and the parameter is named',
  (text) => {
    expect(() => parse(`from=${text}`)).toThrow(/^from is a time such as/);
    expect(() => parse(`to=${text}`)).toThrow(/^to is a time such as/);
  },
);

test.each(['ab', 'x'.repeat(101)])('q is refused if it is too short or too long', (q) => {
  expect(() => parse(`q=${q}`)).toThrow('q is a text of 3 to 100 characters');
});

test('a cursor is bound to the text that is looked for', () => {
  expect(parse('q=abc').question).not.toBe(parse('q=abd').question);
  expect(parse('q=abc').question).toBe(parse('q=ABC').question);
  expect(parse('').question).not.toBe(parse('q=null').question);
});

test('the pages of a question about the last hour are about the same hour', async () => {
  const api = readHarness();
  const who = api.client();
  const events = [50, 55, 59].map((minutes) => event(now - minutes * 60_000));
  for (const [seq, it] of events.entries())
    await api.add(who, [line(it)], { seq, prev: seq === 0 ? null : 'A'.repeat(43) });
  const found: string[] = [];
  let next: string | null = '';
  while (next !== null) {
    const { body } = await api.list(`from=-1h&limit=1${next && `&cursor=${next}`}`);
    found.push(...body.events.map(({ event: { id } }: { event: { id: string } }) => id));
    next = body.next;
    api.clock.now += 5 * 60_000;
  }
  expect(found).toEqual(events.map(({ id }) => id));
});

test('q finds a text anywhere in the line, whatever its case, together with filters', async () => {
  const api = readHarness();
  const about = (metadata: object, id = 'u') =>
    line(event(now, { actor: { type: 'user', id }, metadata: { ...metadata } }));
  await api.add(api.client(), [
    about({ note: 'The Ärger of Zürich' }),
    about({ note: 'nothing' }),
    about({ deep: { er: ['a ZÜRICH list'] } }, 'v'),
  ]);
  const count = async (query: string) => (await api.list(query)).body.events.length;
  expect(await count(`q=${encodeURIComponent('zürich')}`)).toBe(2);
  expect(await count(`q=${encodeURIComponent('zürich')}&actor=v`)).toBe(1);
  expect(await count('q=absent')).toBe(0);
});

test('stats count by one or more of action, outcome, hour and day', async () => {
  const api = readHarness();
  await api.add(api.client(), [
    line(event(now, { action: 'a' })),
    line(event(now + 1, { action: 'a', outcome: 'denied' })),
    line(event(now - 1, { action: 'b' })),
  ]);
  const { status, body } = await api.stats('by=action');
  expect(status).toBe(200);
  expect(body).toMatchObject({
    by: ['action'],
    count: 3,
    faulty: 0,
    groups: [
      { action: 'a', count: 2 },
      { action: 'b', count: 1 },
    ],
    approximate: false,
    reasons: [],
    complete: true,
    next: null,
  });
  expect((await api.stats('by=hour&outcome=success')).body.groups).toEqual([
    { hour: '2026-03-01T11:00:00.000Z', count: 1 },
    { hour: '2026-03-01T12:00:00.000Z', count: 1 },
  ]);
  expect((await api.stats('by=day&by=outcome')).body.groups).toEqual([
    { outcome: 'success', day: '2026-03-01T00:00:00.000Z', count: 2 },
    { outcome: 'denied', day: '2026-03-01T00:00:00.000Z', count: 1 },
  ]);
});

test('stats say that they are approximate, why, and exact=true makes them exact', async () => {
  const api = readHarness();
  await api.add(api.client(), [
    line(event(now, { actor: { type: 'user', id: 'u' } })),
    line(event(now + 1, { actor: { type: 'user', id: 'v' } })),
    line({ ...event(now + 2), typo: 1 }),
  ]);
  const rough = (await api.stats('by=outcome&actor=u')).body;
  expect(rough).toMatchObject({ count: 2, faulty: 1, approximate: true });
  expect(rough.reasons).toEqual([
    { code: 'faults', count: 1 },
    { code: 'filter', count: 2 },
  ]);
  const exact = (await api.stats('by=outcome&actor=u&exact=true')).body;
  expect(exact).toMatchObject({ count: 1, reasons: [{ code: 'faults', count: 1 }] });
  const half = await api.stats(`by=outcome&from=${new Date(now + 1).toISOString()}`);
  expect(half.body.reasons).toContainEqual({ code: 'edges', count: 3 });
});

test.each([
  '',
  'by=actor',
  'by=action&by=action',
  'by=action&by=outcome&by=hour&by=day',
  'by=action&q=abc',
  'by=action&order=asc',
  'by=action&limit=3',
  'by=action&exact=false',
  'by=action&from=x',
])('stats refuse %s', async (query) => {
  expect(await readHarness().stats(query)).toMatchObject({
    status: 400,
    body: { code: 'request-invalid' },
  });
});

test('what has expired is not counted, and that is said', async () => {
  const api = readHarness();
  await api.add(api.client({ retentionDays: 1 }), [line(event(now))]);
  expect((await api.stats('by=action')).body).toMatchObject({ count: 1, approximate: false });
  api.clock.now += 2 * 86_400_000;
  expect((await api.stats('by=action')).body).toMatchObject({
    count: 0,
    reasons: [{ code: 'retention', count: 1 }],
  });
});
