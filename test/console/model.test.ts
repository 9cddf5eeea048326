import { describe, expect, test, vi } from 'vitest';
import { countLog } from '../../src/console/chart/count-log.ts';
import { EventLog } from '../../src/console/model/event-log.ts';
import { exportLog, nextCursor } from '../../src/console/model/export-log.ts';
import { formatRange, isOfReads, loadProducers } from '../../src/console/model/producers.ts';
import {
  fateOf,
  isViewer,
  readSession,
  tenantIn,
  writeSession,
} from '../../src/console/model/session.ts';
import { latest, soonest, Tail } from '../../src/console/model/tail.ts';
import { type Api, ApiProblem, createApi, isMissing } from '../../src/console/page/api.ts';
import { emptyQuestion } from '../../src/console/question/question.ts';
import { readClient } from '../../src/lambda/read-grant.ts';
import { mintViewerToken } from '../../src/read/viewer-token.ts';
import { event } from '../fixture/events.ts';

const start = 1_700_000_000_000;
const { signal } = new AbortController();

/** A log as the API pages it: its cursor is the place in it, newest first. */
function servedLog(count: number) {
  const items = Array.from({ length: count }, (_, i) => itemAt(start + i)).reverse();
  const asked: string[] = [];
  const api: Api = async (path, { params, etag } = {}) => {
    asked.push(`${path}?${params}`);
    const tag = `"${items.length}"`;
    if (etag === tag) return new Response(null, { status: 304 });
    const from = Number(params?.get('cursor') ?? 0);
    const end = from + Number(params?.get('limit'));
    const next = end < items.length ? String(end) : null;
    const body = `{"events":[${items.slice(from, end)}],"order":"exact","next":${JSON.stringify(next)}}`;
    return new Response(body, { headers: { etag: tag } });
  };
  return { api, asked, items, add: (ms: number) => items.unshift(itemAt(ms)) };
}

const itemAt = (ms: number) =>
  `{"event":${JSON.stringify(event(ms))},"received":"","late":false,"batch":"b"}`;
const timesOf = (log: EventLog) => log.state.rows.map(({ time }) => time);

describe('a log', () => {
  test('is loaded page by page until its end, each event once', async () => {
    const { api, asked } = servedLog(1500);
    const log = new EventLog(() => {});
    await log.ask(api, emptyQuestion);
    expect(log.state).toMatchObject({ isComplete: false, isLoading: false });
    expect(log.state.rows.length).toBe(200);
    await log.more();
    await log.more();
    expect(log.state.isComplete).toBe(true);
    expect(timesOf(log)).toEqual(Array.from({ length: 1500 }, (_, i) => start + 1499 - i));
    await log.more();
    expect(asked.length).toBe(3);
  });

  test('can be loaded whole', async () => {
    const { api } = servedLog(5000);
    const log = new EventLog(() => {});
    await log.ask(api, emptyQuestion);
    await log.all();
    expect(log.state.rows.length).toBe(5000);
  });

  test('tells of a failure, keeps what it has, and goes on where it was', async () => {
    const served = servedLog(1500);
    let isDown = false;
    const log = new EventLog(() => {});
    await log.ask(async (...args) => {
      if (isDown) throw new ApiProblem(503, 'unavailable', 'down');
      return served.api(...args);
    }, emptyQuestion);
    isDown = true;
    await log.more();
    expect(log.state.problem?.code).toBe('unavailable');
    expect(log.state.rows.length).toBe(200);
    isDown = false;
    await log.more();
    expect(log.state.problem).toBeUndefined();
    expect(log.state.rows.length).toBe(1200);
  });

  test('forgets what a question before it still had under way', async () => {
    const slow = Promise.withResolvers<Response>();
    const log = new EventLog(() => {});
    const first = log.ask(() => slow.promise, emptyQuestion);
    await log.ask(servedLog(3).api, { ...emptyQuestion, q: 'other' });
    slow.resolve(new Response(`{"events":[${itemAt(5)}],"order":"exact","next":null}`));
    await first;
    expect(log.state.rows.length).toBe(3);
  });
});

describe('a poll', () => {
  test('puts what is new on top, and costs nothing if there is nothing', async () => {
    const served = servedLog(300);
    const log = new EventLog(() => {});
    await log.ask(served.api, emptyQuestion);
    expect(await log.poll()).toBe(0);
    served.add(start + 400);
    served.add(start + 401);
    expect(await log.poll()).toBe(2);
    expect(timesOf(log).slice(0, 3)).toEqual([start + 401, start + 400, start + 299]);
    expect(log.state.rows.length).toBe(202);
  });

  test('puts a late event where it belongs', async () => {
    const served = servedLog(10);
    const log = new EventLog(() => {});
    await log.ask(served.api, emptyQuestion);
    served.items.splice(5, 0, itemAt(start + 4.5 - 0.5));
    expect(await log.poll()).toBe(1);
    const times = timesOf(log);
    expect(times).toEqual([...times].sort((a, b) => b - a));
  });

  test('that is far behind begins anew rather than leave a hole', async () => {
    const served = servedLog(300);
    const log = new EventLog(() => {});
    await log.ask(served.api, emptyQuestion);
    for (let i = 0; i < 6000; i++) served.add(start + 1000 + i);
    expect(await log.poll()).toBeGreaterThan(1000);
    const times = timesOf(log);
    expect(times).toEqual(times.map((_, i) => start + 6999 - i));
    await log.more();
    expect(served.asked.at(-1)).toContain(`cursor=${times.length}`);
    await log.all();
    expect(log.state.rows.length).toBe(6300);
    expect(log.state.isComplete).toBe(true);
  });

  test('of an empty log finds the first event', async () => {
    const served = servedLog(0);
    const log = new EventLog(() => {});
    await log.ask(served.api, emptyQuestion);
    served.add(start);
    expect(await log.poll()).toBe(1);
    expect(log.state.isComplete).toBe(true);
  });
});

describe('a tail', () => {
  function followed(poll: () => Promise<number>) {
    const waits: number[] = [];
    let fire: (() => void) | undefined;
    const after = (ms: number, call: () => void) => {
      waits.push(ms);
      fire = call;
      return () => {
        fire = undefined;
      };
    };
    const onError = vi.fn();
    const tail = new Tail({ poll, onError, after });
    const turn = async () => {
      const count = waits.length;
      fire?.();
      await vi.waitUntil(() => waits.length > count);
    };
    return { tail, waits, turn, onError, isWaiting: () => fire !== undefined };
  }

  test('asks ever less often while there is nothing, and at once again after news', async () => {
    const news = [0, 0, 0, 0, 0, 0, 0, 0, 3];
    const { tail, waits, turn } = followed(async () => news.shift() ?? 0);
    tail.start();
    for (let i = 0; i < 9; i++) await turn();
    expect(waits[0]).toBe(soonest);
    expect(waits.slice(1, 9)).toEqual([...waits.slice(1, 9)].sort((a, b) => a - b));
    expect(waits[8]).toBe(latest);
    expect(waits[9]).toBe(soonest);
  });

  test('goes on after an error, and not once it is stopped', async () => {
    const { tail, turn, onError, isWaiting } = followed(async () => {
      throw new Error('down');
    });
    tail.start();
    await turn();
    expect(onError).toHaveBeenCalled();
    expect(isWaiting()).toBe(true);
    tail.stop();
    expect(isWaiting()).toBe(false);
  });
});

describe('a request', () => {
  test('has the token in its header, and nowhere else', async () => {
    const send = vi.fn(async (..._: Parameters<typeof fetch>) => Response.json({}));
    await createApi('st_secret', send)('/v1/events', { params: new URLSearchParams('a=b') });
    const [url, init] = send.mock.calls[0] ?? [];
    expect(url).toBe('/v1/events?a=b');
    expect(init).toMatchObject({
      headers: { authorization: 'Bearer st_secret' },
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
    });
  });

  test('that is refused says why, with its code', async () => {
    const problem = { code: 'forbidden', detail: 'this key reads another tenant' };
    const api = createApi('t', async () => Response.json(problem, { status: 403 }));
    await expect(api('/x')).rejects.toMatchObject({
      status: 403,
      code: problem.code,
      message: problem.detail,
    });
  });

  test('to a route that is not there, or a service that is not, is told apart', async () => {
    const gone = createApi('t', async () =>
      Response.json({ message: 'Not Found' }, { status: 404 }),
    );
    expect(isMissing(await gone('/x').catch((error) => error))).toBe(true);
    const down = createApi('t', async () => {
      throw new TypeError('Failed to fetch');
    });
    expect(await down('/x').catch((error) => error)).toMatchObject({ status: 0 });
    const html = createApi('t', async () => new Response('<h1>', { status: 502 }));
    expect(await html('/x').catch((error) => error)).toMatchObject({ status: 502 });
  });
});

test('an export has every page of the question, one behind the other', async () => {
  const pages = ['a\n', 'b\n', 'c\n'];
  const api: Api = async (_, { params, accept } = {}) => {
    expect([accept, params?.get('q')]).toEqual(['application/x-ndjson', 'text']);
    const at = Number(params?.get('cursor') ?? 0);
    const link = `<?q=text&cursor=${at + 1}>; rel="next"`;
    return new Response(pages[at], { headers: at < 2 ? { link } : {} });
  };
  const onProgress = vi.fn();
  const question = { ...emptyQuestion, q: 'text' };
  const { blob, isWhole } = await exportLog({
    api,
    question,
    format: 'ndjson',
    onProgress,
    signal,
  });
  expect([await blob.text(), isWhole]).toEqual(['a\nb\nc\n', true]);
  expect(onProgress).toHaveBeenLastCalledWith(6);
  expect(nextCursor(null)).toBeUndefined();
});

test('counts are added up over pages, and say what is doubtful', async () => {
  const hour = '2026-01-01T00:00:00.000Z';
  const api: Api = async (_, { params } = {}) =>
    Response.json({
      groups: [{ hour, outcome: 'success', count: 2 }],
      faulty: 1,
      approximate: !params?.has('cursor'),
      reasons: [{ code: 'edges', count: 1 }],
      next: params?.has('cursor') ? null : 'more',
    });
  expect(await countLog(api, emptyQuestion, signal)).toEqual({
    counted: Array(2).fill({ time: Date.parse(hour), outcome: 'success', count: 2 }),
    total: 6,
    faulty: 2,
    reasons: ['edges'],
    complete: true,
  });
});

test('producers come with those first that need somebody', async () => {
  const base = { client: 'c', status: 'ok', head: null, expired: [], fin: null };
  const of = (producer: string, gaps: object[], forks: number[], lastSeen: string) => ({
    ...base,
    producer,
    gaps,
    forks,
    lastSeen,
  });
  const all = [
    of('old', [], [], '2026-01-01'),
    of('new', [], [], '2026-01-02'),
    of('gap', [{ from: 1, to: 3 }], [], '2025-01-01'),
  ];
  const api: Api = async () => Response.json({ producers: all });
  const { producers, isWhole } = await loadProducers(api, '', signal);
  expect([producers.map(({ producer }) => producer), isWhole]).toEqual([
    ['gap', 'new', 'old'],
    true,
  ]);
  expect([formatRange({ from: 1, to: 3 }), formatRange({ from: 2, to: 2 })]).toEqual(['1–3', '2']);
  const [first] = producers;
  expect(first && isOfReads({ ...first, client: readClient })).toBe(true);
});

test('a token in the address replaces no session unasked, but in a frame', () => {
  const [mine, other] = ['st_mine', 'stv_other'].map((token) => ({ token, tenant: '' }));
  const fate = (current: typeof mine, isFramed: boolean) =>
    other && fateOf(other, { current, isFramed });
  expect(fate(mine, false)).toBe('ask');
  expect(fate(undefined, false)).toBe('take');
  expect(fate(mine, true)).toBe('take');
  expect(fate(other, false)).toBe('take');
});

test('a viewer token says whose log it is for', () => {
  const content = { v: 1, id: 'i', keyId: 'k', client: 'c', filter: [], from: 0, to: 0, exp: 0 };
  const secret = Buffer.alloc(32, 1);
  const token = mintViewerToken({ ...content, v: 1, tenant: 'acme' }, secret);
  expect(tenantIn(token)).toBe('acme');
  for (const none of [
    '',
    'stv_',
    'stv_!!.x',
    'st_abc_def',
    'stv_bnVsbA.x',
    'stv_eyJ0ZW5hbnQiOjF9.x',
  ])
    expect(tenantIn(none)).toBe('');
});

test('a session is kept for the tab, as far as the tab keeps anything', () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
  };
  writeSession(storage, { token: 'stv_a.b', tenant: 'acme' });
  const session = readSession(storage);
  expect(session).toEqual({ token: 'stv_a.b', tenant: 'acme' });
  expect(session && isViewer(session)).toBe(true);
  writeSession(storage, undefined);
  expect(readSession(storage)).toBeUndefined();
  expect(readSession(undefined)).toBeUndefined();
});
