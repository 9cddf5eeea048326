import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { pageBudget } from '../../src/read/list-events.ts';
import { event, line } from '../fixture/events.ts';
import { now, readHarness } from './harness.ts';

/** Three events of acme, newest first, with pages of one. */
async function setUp() {
  const api = readHarness();
  const who = api.client();
  const events = [0, 1, 2].map((i) =>
    event(now - i * 90_000, { actor: { type: 'user', id: 'u' } }),
  );
  for (const [seq, it] of events.toReversed().entries())
    await api.add(who, [line(it)], { seq, prev: seq === 0 ? null : 'A'.repeat(43) });
  return { api, ids: events.map(({ id }) => id) };
}

const idOf = (answer: { body: { events: { event: { id: string } }[] } }) =>
  answer.body.events.map(({ event }) => event.id);

test('the cursor, or the link, leads to the next page, until there is none', async () => {
  const { api, ids } = await setUp();
  const found: string[] = [];
  for (let query: string | undefined = 'limit=1&actor=u'; query !== undefined; ) {
    const page = await api.list(query);
    expect(page.status).toBe(200);
    expect(page.headers['sealtrail-order']).toBe('exact');
    expect(page.headers['sealtrail-tenant']).toBe('acme');
    found.push(...idOf(page));
    const [, link] = /^<\?(.*)>; rel="next"$/.exec(String(page.headers['link'])) ?? [];
    expect(link === undefined ? null : new URLSearchParams(link).get('cursor')).toBe(
      page.body.next,
    );
    query = link;
  }
  expect(found).toEqual(ids);
});

test('a page may have another size than the one before it', async () => {
  const { api, ids } = await setUp();
  const { body } = await api.list('limit=1');
  expect(idOf(await api.list(`limit=50&cursor=${body.next}`))).toEqual(ids.slice(1));
});

test('a cursor is refused with other filters, by another tenant, after a day, and when it was changed', async () => {
  const { api } = await setUp();
  const next = (await api.list('limit=1&actor=u')).body.next as string;
  const code = async (query: string, key = 'key-of-acme') => {
    const { status, body } = await api.list(query, { key });
    return status === 200 ? 'accepted' : `${status} ${body.code}`;
  };
  expect(await code(`actor=u&cursor=${next}`)).toBe('accepted');
  expect(await code(`actor=u&actor=v&cursor=${next}`)).toBe('400 cursor-invalid');
  expect(await code(`cursor=${next}`)).toBe('400 cursor-invalid');
  expect(await code(`actor=u&order=asc&cursor=${next}`)).toBe('400 cursor-invalid');
  expect(await code(`actor=u&cursor=${next}`, 'key-of-globex')).toBe('404 not-found');
  expect(await code(`actor=u&tenant=globex&cursor=${next}`, 'key-of-all')).toBe('404 not-found');
  expect(await code(`actor=u&tenant=acme&cursor=${next}`, 'key-of-all')).toBe('accepted');
  expect(await code(`actor=u&cursor=${next.slice(1)}`)).toBe('400 cursor-invalid');
  const ofFeed = (await api.feed()).body.next;
  expect(await code(`actor=u&cursor=${ofFeed}`)).toBe('400 cursor-invalid');
  api.clock.now += 24 * 3_600_000;
  expect(await code(`actor=u&cursor=${next}`)).toBe('400 cursor-expired');
});

test('what is before midnight and arrives days late is at its place in a fresh query', async () => {
  const { api, ids } = await setUp();
  const late = event(now - 90_000 * 1.5);
  const threeDays = 3 * 86_400_000;
  await api.add(api.client(), [line(late)], { arrival: now + threeDays });
  api.clock.now += threeDays + 1;
  const page = await api.list();
  expect(idOf(page)).toEqual([ids[0], ids[1], late.id, ids[2]]);
  expect(page.body.events[2].late).toBe(true);
});

test('a wrong query, of any kind, is a problem with a code', async () => {
  const { api } = await setUp();
  for (const query of [
    'limit=0',
    'from=x',
    'nothing=1',
    'from=2027-01-01&to=2026-01-01',
    'cursor=x',
  ])
    expect(await api.list(query)).toMatchObject({
      status: 400,
      headers: { 'content-type': 'application/problem+json' },
    });
});

test('a page’s budget keeps an answer under Lambda’s 6 MB and the HTTP API’s 30 s', () => {
  const { answerBytes, deadline } = pageBudget(now);
  // A faulty line of 64 KiB may be six times as long when it is escaped; the last one may go over.
  expect(answerBytes).toBeLessThan(3 * 1024 * 1024);
  expect(deadline - now).toBeLessThan(29_000);
});

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: a synchronous answer, bytes. */
const lambdaAnswer = 6 * 1024 * 1024;
/** As Lambda counts it: the body is a text in its JSON. */
const sizeOf = ({ text }: { text: string }) => Buffer.byteLength(JSON.stringify(text)) + 1000;

/** What compresses badly, lest the body compress better than is allowed. */
const pad = () => randomBytes(2000).toString('base64');

/** A line of 64 KiB that is faulty, of nothing but what takes the most room when it is shown. */
function longFault(i: number, filler: Buffer): Buffer {
  const [head = '', tail = ''] = JSON.stringify({ ...event(now + i), pad: pad(), typo: '@' }).split(
    '@',
  );
  const room = 65_536 - head.length - tail.length;
  const middle = Buffer.concat(
    Array.from({ length: Math.floor(room / filler.length) }, () => filler),
  );
  return Buffer.concat([Buffer.from(head), middle, Buffer.from(tail)]);
}

test.each([
  ['bytes that are no UTF-8', Buffer.from([0xff])],
  ['escaped quotes', Buffer.from('\\"')],
  ['escaped backslashes', Buffer.from('\\\\')],
])(
  'pages of faulty lines full of %s fit into Lambda’s answer, and lead on to the end',
  async (_, filler) => {
    const api = readHarness();
    const lines = Array.from({ length: 60 }, (_, i) => longFault(i, filler));
    await api.add(api.client(), lines, { enc: 'zstd' });
    let given = 0;
    for (let query: string | undefined = 'limit=1000'; query !== undefined; ) {
      const page = await api.list(query);
      expect(page.status).toBe(200);
      expect(sizeOf(page)).toBeLessThan(lambdaAnswer);
      given += page.body.events.length;
      query = page.body.next === null ? undefined : `limit=1000&cursor=${page.body.next}`;
    }
    expect(given).toBe(60);
  },
);

test('however many long events bear one id, the answer fits, and says that there are more', async () => {
  const api = readHarness();
  const who = api.client();
  const it = event(now);
  const lines = Array.from({ length: 60 }, () =>
    line({ ...it, metadata: { pad: pad(), x: '"'.repeat(30_000) } }),
  );
  await api.add(who, lines, { enc: 'zstd' });
  const answer = await api.one(it.id);
  expect(answer.status).toBe(200);
  expect(sizeOf(answer)).toBeLessThan(lambdaAnswer);
  expect(answer.body.more).toBe(true);
  expect(answer.body.others.length).toBeGreaterThan(10);
});
