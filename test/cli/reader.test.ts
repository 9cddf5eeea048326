import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Event } from '../../src/domain/event.ts';
import { type Reader, readerOf, serve } from '../fixture/reader.ts';
import { parsed, producersAnswer, range, type ServedLog, serveLog } from '../fixture/served-log.ts';

let served: ServedLog;
let reader: Reader;
let events: ServedLog['events'];

beforeAll(async () => {
  served = await serveLog();
  ({ reader, events } = served);
});
beforeEach(() => {
  served.onRequest = async () => {};
});
afterAll(() => served?.close());

describe('query', () => {
  test('in a pipe gives the exact lines, filtered as asked', async () => {
    const all = await reader.run(['query', '--all', '--order', 'asc', ...range]);
    expect(all.code).toBe(0);
    expect(all.stdout.split('\n').slice(0, -1)).toEqual(served.log);
    const some = await reader.run([
      ...['query', ...range, '--all', '--actor', 'u_1', '--actor', 'u_2', '--outcome', 'denied'],
      ...['--metadata', 'plan=pro'],
    ]);
    const expected = events.filter(
      ({ actor, outcome, metadata }) =>
        ['u_1', 'u_2'].includes(actor.id) && outcome === 'denied' && metadata?.['plan'] === 'pro',
    );
    expect(
      parsed(some.stdout)
        .map(({ metadata }) => metadata.n)
        .sort((a, b) => a - b),
    ).toEqual(expected.map(({ metadata }) => metadata?.['n']));
    expect(parsed((await reader.run(['query', ...range, '--limit', '3'])).stdout)).toHaveLength(3);
  });

  test('on a terminal is a table, and says so when there is nothing', async () => {
    const { stdout } = await reader.run(['query', ...range, '--limit', '2', '--actor', 'u_3'], {
      tty: true,
    });
    expect(stdout).toMatch(/^time +actor +action +targets +outcome +ip\n\d{4}-.* u_3 /);
    const none = await reader.run(['query', '--actor', 'nobody']);
    expect(none).toMatchObject({ code: 0, stdout: '', stderr: 'There are no such events.\n' });
  });

  test('finds a text anywhere in a line, whatever its case, in every format', async () => {
    const words = ['query', ...range, '--all', '--order', 'asc', '--q', '"LOGIN"'];
    const logins = events.filter(({ action }) => action === 'login');
    const lines = await reader.run(words);
    expect(parsed(lines.stdout)).toEqual(logins);
    expect((await reader.run(words, { tty: true })).stdout).toContain(' login ');

    const json = await reader.run([...words, '--format', 'json']);
    const items: { event: Event; client: string }[] = JSON.parse(json.stdout);
    expect(items.map(({ event }) => event)).toEqual(logins);
    expect(items[0]?.client).toBe('billing');
    // Its third page begins with the last of them that are wanted.
    const some = await reader.run([...words.slice(0, 3), '--limit', '2001', '--format', 'json']);
    expect(JSON.parse(some.stdout)).toHaveLength(2001);

    const csv = await reader.run([...words, '--format', 'csv', '--limit', '3']);
    const rows = csv.stdout.split('\r\n');
    expect(rows[0]).toMatch(/^id,time,action,/);
    expect(rows.slice(1, -1).map((row) => row.slice(0, 36))).toEqual(logins.map(({ id }) => id));
    const none = ['query', ...range, '--q', 'nowhere at all', '--format'];
    expect((await reader.run([...none, 'json'])).stdout).toBe('[]\n');
    expect((await reader.run([...none, 'csv'])).stdout.split('\r\n')).toHaveLength(2);
  });

  test('refuses a format that it does not know, or two of them', async () => {
    expect((await reader.run(['query', '--format', 'xml'])).code).toBe(2);
    expect((await reader.run(['query', '--format', 'csv', '--json'])).code).toBe(2);
  });

  test('says what the API says when it refuses, and what is not understood', async () => {
    const refused = await readerOf(served.url, 'writer').run(['query']);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('403 forbidden: this key or token has no read scope');
    expect((await reader.run(['query', '--from', 'yesterday'])).code).toBe(2);
    expect(
      (await reader.run(['query'], { env: { SEALTRAIL_URL: 'http://example.com' } })).code,
    ).toBe(2);
    expect((await reader.run(['query', '--tenant', 'globex'])).stderr).toContain('403 forbidden');
  });
});

describe('stats', () => {
  const counts = (of: (event: Event) => string) =>
    Object.entries(Object.groupBy(events, of)).map(([name, found]) => [name, found?.length]);

  test('counts all, over all pages, as one JSON object in a pipe', async () => {
    const { code, stdout } = await reader.run(['stats', ...range, '--by', 'outcome', '--exact']);
    expect(code).toBe(0);
    const found = JSON.parse(stdout);
    expect(found).toMatchObject({ count: 2500, faulty: 0, approximate: false, by: ['outcome'] });
    const groups: { outcome: string; count: number }[] = found.groups;
    expect(groups.map(({ outcome, count }) => [outcome, count]).sort()).toEqual(
      counts(({ outcome }) => outcome).sort(),
    );
    const denied = await reader.run(['stats', ...range, '--outcome', 'denied', '--exact']);
    expect(JSON.parse(denied.stdout).count).toBe(Math.ceil(2500 / 11));
  });

  test('adds up what comes in several pages', async () => {
    const page = { from: '', to: '', faulty: 0, reasons: [{ code: 'edges', count: 1 }] };
    const group = (action: string, count: number) => ({ count, groups: [{ action, count }] });
    const pages = [
      { ...page, ...group('login', 2), next: 'more' },
      { ...page, ...group('login', 3), next: null },
    ];
    const asked: (string | null)[] = [];
    const other = await serve(async ({ query }) => {
      asked.push(new URLSearchParams(query).get('cursor'));
      const bytes = Buffer.from(JSON.stringify(pages.shift()));
      return { status: 200, headers: {}, bytes };
    });
    const { stdout } = await readerOf(other.url, 'key').run(['stats']);
    await other.close();
    expect(asked).toEqual([null, 'more']);
    expect(JSON.parse(stdout)).toMatchObject({
      count: 5,
      groups: [{ action: 'login', count: 5 }],
      approximate: true,
      reasons: [{ code: 'edges', count: 2 }],
    });
  });

  test('on a terminal are bars, the longest that of the most', async () => {
    const { stdout } = await reader.run(['stats', ...range], { tty: true });
    expect(stdout).toMatch(/^action +count\ninvoice\.read +2,000 {2}#{30}\nlogin +500 {2}#{8}\n/);
    expect(stdout).toContain('2,500 event(s).');
    const hours = await reader.run(['stats', ...range, '--by', 'hour'], { tty: true });
    expect(hours.stdout).toMatch(/\n2026-03-01 12 +2,500 {2}#/);
  });

  test('refuses what cannot be counted by', async () => {
    expect((await reader.run(['stats', '--by', 'actor'])).code).toBe(2);
    expect((await reader.run(['stats', '--by', 'hour', '--by', 'hour'])).code).toBe(2);
  });
});

test('an API that fails for a while is asked again', async () => {
  let failures = 2;
  served.onRequest = async () => {
    if (failures-- > 0) throw new Error('down');
  };
  const { stdout } = await reader.run(['query', ...range, '--limit', '1']);
  expect(parsed(stdout)).toHaveLength(1);
  expect(failures).toBe(-1);
});

test('tail shows what was stored, once, in colours on a terminal and not where they are not wanted', async () => {
  const tailed = async (options: { tty: boolean; env?: Record<string, string> }) => {
    const end = new AbortController();
    const wanted = events.filter(({ outcome }) => outcome === 'denied').length;
    const { code, stdout } = await reader.run(
      ['tail', '--since', '2026-03-01', '--outcome', 'denied', '--every', '1'],
      {
        ...options,
        signal: end.signal,
        onStdout: (all) => {
          if (all.split('\n').length > wanted) end.abort();
        },
      },
    );
    expect(code).toBe(0);
    const lines = stdout.split('\n').slice(0, -1);
    expect(new Set(lines).size).toBe(wanted);
    expect(lines).toHaveLength(wanted);
    return lines;
  };
  const all = new Set(served.log);
  for (const line of await tailed({ tty: false })) expect(all.has(line)).toBe(true);
  expect((await tailed({ tty: true }))[0]).toContain('\x1b[33mdenied');
  expect((await tailed({ tty: true, env: { NO_COLOR: '1' } })).join('')).not.toContain('\x1b');
});

test('producers shows who wrote, what is missing, and what a script can go by', async () => {
  const { code, stdout } = await reader.run(['producers', '--check'], { tty: true });
  expect(code).toBe(1);
  expect(stdout).toMatch(/^billing +p1 +open +3 +4-5 +7 +now$/m);
  const broken = await reader.run(['producers', '--broken', '--json']);
  expect(broken.code).toBe(0);
  expect(parsed(broken.stdout)).toEqual(producersAnswer.producers.slice(0, 1));
});
