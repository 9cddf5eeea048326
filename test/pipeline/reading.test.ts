import { GenerateMacCommand, KMSClient } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { batchId, parseRecord } from '../../src/domain/manifest.ts';
import { derivedSecret, secretTexts } from '../../src/read/derived-secret.ts';
import { feedLagMs } from '../../src/store/feed.ts';
import { fromOpaque, toOpaque } from '../../src/store/opaque.ts';
import { event, line, lines } from '../fixture/events.ts';
import { movedClock } from '../fixture/moved-clock.ts';
import { type Pipeline, until } from '../fixture/pipeline.ts';
import { sharedPipeline } from '../fixture/shared-pipeline.ts';
import { put, sealed, type Tenant, vend } from '../fixture/vended.ts';

let pipeline: Pipeline;
let acme: Tenant;
let other: Tenant;

const now = Date.now();
const denied = line(event(now + 500, { outcome: 'denied' }));
const own = [...lines(now, 40), denied];
/** Not what tells of the reads of these tests. */
const mine = 'action=invoice.refunded';

beforeAll(async () => {
  pipeline = await sharedPipeline();
  acme = await pipeline.tenant('acme');
  other = await pipeline.tenant('other');
  const vended = await vend(pipeline.url, acme);
  const batches = [own.slice(0, 15), own.slice(15, 30), own.slice(30)];
  await put(
    vended,
    batches.map((each) => sealed(vended, each)),
  );
  const theirs = await vend(pipeline.url, other);
  await put(theirs, [sealed(theirs, lines(now, 5))]);
  await pipeline.drained();
});
afterAll(() => pipeline?.close());

interface Page {
  readonly events: readonly { readonly event: { readonly id: string } }[];
  readonly next: string | null;
}

async function page(query: string, tenant = acme): Promise<Page> {
  return (await (await pipeline.get(`/v1/events?${query}`, tenant)).json()) as Page;
}

/** Status and code of an answer. */
async function answerTo(path: string, tenant = acme): Promise<[number, string | undefined]> {
  const response = await pipeline.get(path, tenant);
  return [response.status, ((await response.json()) as { code?: string }).code];
}

const idOf = (bytes: Buffer | undefined): string => JSON.parse(String(bytes)).id;

describe('a tenant', () => {
  test('gets one event by its id, with the bytes that were sealed', async () => {
    const response = await pipeline.get(`/v1/events/${idOf(own[7])}`, acme);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain(`{"event":${own[7]},"received":"`);
  });

  test('finds another tenant’s event no more than one that never was', async () => {
    const theirs = (await page('limit=1', other)).events[0]?.event.id;
    const [foreign, absent] = [theirs ?? '', event(now).id];
    expect(await answerTo(`/v1/events/${foreign}`, other)).toEqual([200, undefined]);
    const texts = [foreign, absent].map(async (id) => {
      const response = await pipeline.get(`/v1/events/${id}`, acme);
      return [response.status, (await response.text()).replace(/"serverTime":"[^"]*"/, '')];
    });
    const [first, second] = await Promise.all(texts);
    expect(first).toEqual(second);
    expect(first?.[0]).toBe(404);
  });

  test.each(['/v1/events', '/v1/feed'])('cannot name another tenant to %s', async (path) => {
    expect(await answerTo(`${path}?tenant=${other.id}`)).toEqual([403, 'forbidden']);
  });

  test('reads its whole log in pages of seven, each event once and in order', async () => {
    const found: string[] = [];
    let next: string | undefined = `/v1/events?order=asc&limit=7&${mine}`;
    while (next !== undefined) {
      const response: Response = await pipeline.get(next, acme, { accept: 'application/x-ndjson' });
      found.push(...(await response.text()).split('\n').filter((text) => text !== ''));
      const link = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
      next = link && `/v1/events${link}`;
    }
    expect(found).toEqual(own.map(String));
  });

  test('filters, newest first', async () => {
    const { events } = await page('outcome=denied');
    expect(events.map((each) => each.event.id)).toEqual([idOf(denied)]);
  });
});

describe('a cursor', () => {
  let cursor: string;

  beforeAll(async () => {
    cursor = (await page(`limit=3&${mine}`)).next ?? '';
  });

  test('leads on', async () => {
    const { events } = await page(`limit=3&${mine}&cursor=${cursor}`);
    const newest = own.map(idOf).sort().reverse();
    expect(events.map((each) => each.event.id)).toEqual(newest.slice(3, 6));
  });

  test('with one bit flipped, anywhere, is refused', async () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    for (let at = 0; at < cursor.length; at += 9) {
      const place = alphabet.indexOf(cursor.charAt(at));
      if (place === -1) continue;
      const flipped = cursor.slice(0, at) + alphabet.charAt(place ^ 1) + cursor.slice(at + 1);
      expect(await answerTo(`/v1/events?limit=3&${mine}&cursor=${flipped}`)).toEqual([
        400,
        'cursor-invalid',
      ]);
    }
  });

  test('of another tenant is not found', async () => {
    expect(await answerTo(`/v1/events?${mine}&cursor=${cursor}`, other)).toEqual([
      404,
      'not-found',
    ]);
  });

  test('with another filter is refused', async () => {
    expect(await answerTo(`/v1/events?outcome=denied&cursor=${cursor}`)).toEqual([
      400,
      'cursor-invalid',
    ]);
  });

  test('of the feed is not one of events', async () => {
    const { next } = (await (await pipeline.get('/v1/feed', acme)).json()) as { next: string };
    expect(await answerTo(`/v1/events?${mine}&cursor=${next}`)).toEqual([400, 'cursor-invalid']);
  });

  test('that has expired is refused', async () => {
    const kms = new KMSClient(pipeline.asRoot);
    const secret = await derivedSecret(secretTexts.cursor, async (Message) => {
      const KeyId = pipeline.resourceOf('ReadApiReadRole', 'DeriveCursorKey');
      const command = new GenerateMacCommand({ KeyId, Message, MacAlgorithm: 'HMAC_SHA_256' });
      return (await kms.send(command)).Mac ?? new Uint8Array();
    })();
    kms.destroy();
    const again = (over: object) => {
      const content = JSON.parse(String(fromOpaque(cursor, secret)));
      return toOpaque(Buffer.from(JSON.stringify({ ...content, ...over })), secret);
    };
    expect(await answerTo(`/v1/events?${mine}&cursor=${again({})}`)).toEqual([200, undefined]);
    expect(await answerTo(`/v1/events?${mine}&cursor=${again({ exp: Date.now() - 1 })}`)).toEqual([
      400,
      'cursor-expired',
    ]);
  });
});

describe('a question that makes no sense', () => {
  test.each([
    'limit=0',
    'limit=-1',
    'limit=1000000000',
    'limit=NaN',
    'colour=red',
    'from=2026-02-01&to=2026-01-01',
    'tenant=acme-1&tenant=acme-1',
  ])('%s is refused', async (query) => {
    expect(await answerTo(`/v1/events?${query}`)).toEqual([400, 'request-invalid']);
  });
});

describe('the feed', () => {
  test('shows every batch that was stored, and never another tenant’s', async () => {
    const stored = (await pipeline.batches(acme)).map(({ record }) =>
      batchId(parseRecord(Buffer.from(record?.B ?? [])).manifest),
    );
    // It lags 30 s behind: what is younger may still be overtaken by what was stamped before it.
    const clock = await movedClock(pipeline, 'read');
    clock.ahead(feedLagMs + 1000);
    let feed: { batches: { id: string; client: string }[] } = { batches: [] };
    await until(async () => {
      const response = await pipeline.get('/v1/feed', acme);
      if (response.ok) feed = (await response.json()) as typeof feed;
      return response.ok;
    });
    await clock.restore();
    const seen = new Set(
      feed.batches.flatMap(({ id, client }) => (client === acme.client ? [id] : [])),
    );
    expect([...seen].sort()).toEqual(stored.sort());
  });
});
