import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { csvColumns } from '../../src/read/show-csv.ts';
import { event, line } from '../fixture/events.ts';
import { now, readHarness } from './harness.ts';

/** RFC 4180, read strictly: every record ends in CRLF, quotes only around whole fields. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  while (field.lastIndex < text.length) {
    const match = field.exec(text);
    if (match === null) throw new Error(`not RFC 4180 at ${JSON.stringify(text.slice(0, 200))}`);
    rows.at(-1)?.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}

async function setUp(events: readonly object[]) {
  const api = readHarness();
  await api.add(api.client(), events.map(line));
  return api;
}

const csv = { accept: 'text/csv' };

test('CSV has a header, a record an event, and the exact line last', async () => {
  const it = event(now, {
    actor: { type: 'user', id: 'u', name: 'Ann "the" Boss, Inc.\r\nsecond line' },
    targets: [
      { type: 'invoice', id: '1' },
      { type: 'invoice', id: '2' },
    ],
    metadata: { big: 'x' },
  });
  const api = await setUp([it]);
  const { headers, text } = await api.list('', csv);
  expect(headers['content-type']).toBe('text/csv; charset=utf-8; header=present');
  const [names, values, ...more] = readCsv(text);
  expect(more).toEqual([]);
  expect(names).toEqual(csvColumns);
  const row = Object.fromEntries((names ?? []).map((name, i) => [name, values?.[i]]));
  expect(row).toMatchObject({
    id: it.id,
    action: 'invoice.refunded',
    actor_name: 'Ann "the" Boss, Inc.\r\nsecond line',
    targets: 'invoice:1 invoice:2',
    late: 'false',
    fault: '',
    line: String(line(it)),
  });
});

test.each(['=cmd()', '+1', '-1', '@SUM(A1)', '\tx', '\rx', '\n=x', '＝cmd()', '＋1', '－1', '＠x'])(
  'no field of CSV is a formula: %j',
  async (name) => {
    const api = await setUp([event(now, { actor: { type: 'user', id: 'u', name } })]);
    const rows = readCsv((await api.list('', csv)).text);
    expect(rows[1]?.[csvColumns.indexOf('actor_name')]).toBe(`'${name}`);
    for (const value of rows.flat()) expect(value).not.toMatch(/^[=+\-@\t\r\n＝＋－＠]/);
  },
);

test('a faulty line is in CSV by its id, with its bytes in base64url', async () => {
  const wrong = { ...event(now), typo: '=cmd()' };
  const api = await setUp([wrong]);
  const [, values] = readCsv((await api.list('', csv)).text);
  expect(values?.[csvColumns.indexOf('fault')]).toBe('schema');
  const last = values?.at(-1) ?? '';
  expect(Buffer.from(last, 'base64url')).toEqual(line(wrong));
});

test('the pages of CSV, one behind the other, are one file', async () => {
  const api = await setUp([0, 1, 2].map((i) => event(now + i)));
  let all = '';
  for (let query: string | undefined = 'limit=1'; query !== undefined; ) {
    const page = await api.list(query, csv);
    all += page.text;
    query = /^<\?(.*)>; rel="next"$/.exec(String(page.headers['link'] ?? ''))?.[1];
  }
  expect(readCsv(all)).toHaveLength(4);
});

test('format says it for a link, before Accept, and the answer is then to be saved', async () => {
  const api = await setUp([event(now)]);
  const page = await api.list('format=csv', { accept: 'application/json' });
  expect(page.headers).toMatchObject({
    'content-type': expect.stringMatching('^text/csv'),
    'content-disposition': 'attachment; filename="events.csv"',
  });
  const lines = await api.list('format=ndjson');
  expect(lines.headers['content-type']).toBe('application/x-ndjson');
  expect((await api.list('format=json')).body.events).toHaveLength(1);
  expect(await api.list('format=xml')).toMatchObject({ status: 400 });
  expect((await api.list('format=xml')).body.detail).toMatch(/^format is/);
});

test('a cursor leads on in another format: it is not part of the question', async () => {
  const api = await setUp([0, 1].map((i) => event(now + i)));
  const { next } = (await api.list('limit=1')).body;
  expect((await api.list(`limit=1&format=ndjson&cursor=${next}`)).status).toBe(200);
});

test('the same answer has the same strong ETag, and need not be sent again', async () => {
  const api = await setUp([0, 1].map((i) => event(now - i)));
  const first = await api.list('limit=1');
  const etag = String(first.headers['etag']);
  expect(etag).toMatch(/^"[\w-]{32}"$/);
  api.clock.now += 10 * 60_000; // the cursor in it ends on the hour
  for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
    const again = await api.list('limit=1', { headers: { 'if-none-match': known } });
    expect([again.status, again.text, again.headers['etag']]).toEqual([304, '', etag]);
  }
  expect((await api.list('limit=1', { headers: { 'if-none-match': '"x"' } })).text).toBe(
    first.text,
  );
});

test('another answer has another ETag: other events, another form, another order of them', async () => {
  const api = await setUp([event(now)]);
  const tagOf = async (query: string, as = {}) => (await api.list(query, as)).headers['etag'];
  const before = await tagOf('');
  expect(await tagOf('', csv)).not.toBe(before);
  await api.add(api.client(), [line(event(now - 3 * 86_400_000))], { arrival: now });
  expect(await tagOf('')).not.toBe(before);
});

test('one event has an ETag too', async () => {
  const it = event(now);
  const api = await setUp([it]);
  const { headers } = await api.one(it.id);
  const known = { headers: { 'if-none-match': String(headers['etag']) } };
  expect((await api.one(it.id, known)).status).toBe(304);
});

test('a page of CSV fits into Lambda’s answer, however much its columns repeat and quotes double, and leads on', async () => {
  const targets = Array.from({ length: 50 }, (_, i) => ({ type: 'q', id: '"'.repeat(250) + i }));
  const api = readHarness();
  const lines = Array.from({ length: 84 }, (_, i) => {
    const pad = randomBytes(2000).toString('base64'); // lest it compress better than is allowed
    return line(event(now - i, { targets, metadata: { pad } }));
  });
  await api.add(api.client(), lines, { enc: 'zstd' });
  let rows = 0;
  for (let query: string | undefined = 'limit=1000'; query !== undefined; ) {
    const page = await api.list(query, csv);
    expect(page.status).toBe(200);
    // In base64, as Lambda answers bytes (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
    expect((page.bytes.length * 4) / 3).toBeLessThan(6 * 1024 * 1024 - 10_000);
    rows += readCsv(page.text).length;
    query = /^<\?(.*)>; rel="next"$/.exec(String(page.headers['link'] ?? ''))?.[1];
  }
  expect(rows).toBe(85);
});

test.each(['=', '+', '-', '@', '＝', '"=', '""+'])(
  'where `;` or a tab separates fields, no field begins with %s',
  async (sign) => {
    const reason = `x;${sign}cmd|' /C calc'!A0;y\t${sign}1`;
    const it = event(now, { reason, actor: { type: 'user', id: `${sign}1`, name: reason } });
    const api = await setUp([it]);
    const { text } = await api.list('', csv);
    const [, ...records] = text.split('\r\n');
    for (const separated of records.join('\n').split(/[;\t]/).slice(1))
      expect(separated.replace(/^"*/, '')).not.toMatch(/^[=+\-@＝]/);
    const [, values] = readCsv(text);
    const guarded = `x;'${sign}cmd|' /C calc'!A0;y\t'${sign}1`;
    expect(values?.[csvColumns.indexOf('reason')]).toBe(guarded);
    // The line is exact, in one form or the other.
    const last = values?.at(-1) ?? '';
    const exact = last.startsWith('{') ? last : Buffer.from(last, 'base64url').toString();
    expect(exact).toBe(JSON.stringify(it));
  },
);
