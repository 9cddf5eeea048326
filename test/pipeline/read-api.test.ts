import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { synth } from '../../src/local/synth.ts';
import { askJson, askViewerToken, type Json } from '../fixture/ask.ts';
import { event, line, lines } from '../fixture/events.ts';
import { type Pipeline, until } from '../fixture/pipeline.ts';
import { viewerOrigin as origin, sharedPipeline } from '../fixture/shared-pipeline.ts';
import {
  askForCredentials,
  put,
  sealed,
  type Tenant,
  type Vended,
  vend,
} from '../fixture/vended.ts';

let pipeline: Pipeline;
let acme: Tenant;
let vended: Vended;

const now = Date.now();
const evil = event(now, {
  action: 'report.viewed',
  actor: { type: 'user', id: 'eve', name: '=cmd()' },
  metadata: { customer: 'one', note: '<script>alert(1)</script>' },
});

beforeAll(async () => {
  pipeline = await sharedPipeline();
  acme = await pipeline.tenant('acme');
  vended = await vend(pipeline.url, acme);
  await put(vended, [
    sealed(vended, [...lines(now, 20), line(evil), line({ ...event(now + 30), typo: 1 })]),
    // 10 minutes ahead: never accepted, and signed by acme.
    sealed(vended, lines(now + 10 * 60_000, 2)),
    Buffer.from('noise'),
  ]);
  await pipeline.drained();
});
afterAll(() => pipeline?.close());

const json = (path: string, tenant: Pick<Tenant, 'apiKey'> = acme) =>
  askJson(pipeline, path, tenant);
const viewerToken = () => askViewerToken(pipeline, acme);

describe('the OpenAPI document', () => {
  let document: Json;

  beforeAll(async () => {
    const response = await fetch(`${pipeline.url}/v1/openapi.json`); // no key
    expect(response.status).toBe(200);
    document = (await response.json()) as Json;
  });

  test('has every route of the template, and no other', async () => {
    const { assembly } = await synth();
    const file = join(assembly, 'SealtrailService-dev.template.json');
    const { Resources } = JSON.parse(readFileSync(file, 'utf8')) as { Resources: Json };
    const declared = Object.values(Resources)
      .filter(({ Type }) => Type === 'AWS::ApiGatewayV2::Route')
      .map(({ Properties }) => Properties.RouteKey as string);
    const described = Object.entries(document['paths'] as Json).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual(declared.sort());
  });

  /** What of this answer the document's schema does not allow. */
  function faultsOf(name: string, answer: unknown): unknown {
    const text = JSON.stringify(document['components'].schemas).replaceAll(
      '#/components/schemas/',
      '#/$defs/',
    );
    const $defs = JSON.parse(text);
    const schema = z.fromJSONSchema({ $ref: `#/$defs/${name}`, $defs });
    return schema.safeParse(answer).error?.issues ?? [];
  }

  test.each([
    ['EventPage', () => '/v1/events?limit=50'],
    ['OneEvent', () => `/v1/events/${evil.id}`],
    ['Stats', () => '/v1/stats?by=action&by=hour&actor=eve'],
    ['Feed', () => '/v1/feed'],
    ['Producers', () => '/v1/producers'],
    ['Quarantine', () => '/v1/quarantine'],
    ['Jwks', () => '/.well-known/jwks.json'],
    ['Problem', () => '/v1/events?limit=0'],
  ])('%s is what is answered', async (name, path) => {
    const answer = await json(path());
    expect(faultsOf(name, answer)).toEqual([]);
    // The schema is not one that allows everything.
    const [first] = Object.keys(answer);
    expect(faultsOf(name, { ...answer, [first ?? '']: { other: 1 } })).not.toEqual([]);
  });

  test('Credentials and ViewerToken are what is answered', async () => {
    const { response } = await askForCredentials(pipeline.url, acme);
    expect(faultsOf('Credentials', await response.json())).toEqual([]);
    expect(faultsOf('ViewerToken', await viewerToken())).toEqual([]);
  });
});

describe('a viewer token', () => {
  let viewer: { apiKey: string };
  beforeAll(async () => {
    viewer = { apiKey: (await viewerToken())['token'] };
  });

  test('reads its events, one of them, and counts of them; no more', async () => {
    const { events } = await json('/v1/events', viewer);
    expect(events.map(({ event: { id } }: Json) => id)).toEqual([evil.id]);
    expect((await json(`/v1/events/${evil.id}`, viewer))['event'].id).toBe(evil.id);
    expect(await json('/v1/stats?by=outcome', viewer)).toMatchObject({ count: 1, faulty: 0 });
    for (const path of ['/v1/feed', '/v1/producers', '/v1/quarantine'])
      expect(await json(path, viewer)).toMatchObject({ status: 403 });
  });

  test('reads from a page of the allowed origin, and of no other', async () => {
    const ask = (from: string, method = 'GET') =>
      fetch(`${pipeline.url}/v1/events`, {
        method,
        headers: {
          origin: from,
          ...(method === 'GET'
            ? { authorization: `Bearer ${viewer.apiKey}` }
            : { 'access-control-request-method': 'GET' }),
        },
      });
    const allowed = await ask(origin, 'OPTIONS');
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-origin')).toBe(origin);
    expect(allowed.headers.get('access-control-allow-headers')).toBe('authorization');
    expect((await ask(origin)).headers.get('access-control-allow-origin')).toBe(origin);
    for (const method of ['GET', 'OPTIONS']) {
      const other = await ask('https://evil.example', method);
      expect(other.headers.get('access-control-allow-origin')).toBeNull();
    }
  });
});

test('a formula or a script in a field is harmless in CSV', async () => {
  const response = await pipeline.get('/v1/events?action=report.viewed', acme, {
    accept: 'text/csv',
  });
  expect(response.headers.get('content-type')).toMatch(/^text\/csv/);
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  const text = await response.text();
  expect(text).toContain(",'=cmd(),");
  expect(text).not.toMatch(/(^|,)"?[=+\-@]/m);
});

test('an answer that the caller has already is not sent again', async () => {
  const path = `/v1/events/${evil.id}`;
  const etag = (await pipeline.get(path, acme)).headers.get('etag') ?? '';
  const again = await pipeline.get(path, acme, { 'if-none-match': etag });
  expect([again.status, await again.text()]).toEqual([304, '']);
});

test('a filter that matches nothing over a year ends', async () => {
  const page = await json('/v1/events?from=-52w&actor=nobody&action=none');
  expect(page['events']).toEqual([]);
  expect(page['leftOut']).toBe('faulty');
  expect(page['next']).toBeNull();
});

test('stats count what is listed', async () => {
  const stats = await json('/v1/stats?by=action&action=invoice.refunded&action=report.viewed');
  expect(stats).toMatchObject({
    groups: [
      { action: 'invoice.refunded', count: 20 },
      { action: 'report.viewed', count: 1 },
    ],
    faulty: 1,
    reasons: [{ code: 'faults', count: 1 }],
    complete: true,
  });
});

test('a batch that arrives days late between two pages is in the feed, and at its place in a fresh query', async () => {
  const tenant = await pipeline.tenant('late');
  const client = await vend(pipeline.url, tenant);
  await put(client, [sealed(client, lines(now, 2))]);
  await pipeline.drained();
  const mine = 'action=invoice.refunded';
  const { next } = await json(`/v1/events?limit=1&${mine}`, tenant);
  const old = event(now - 3 * 86_400_000);
  await put(client, [sealed(client, [line(old)])]);
  await pipeline.drained();
  expect((await json(`/v1/events?limit=9&${mine}&cursor=${next}`, tenant))['events']).toHaveLength(
    2,
  );
  const { events } = await json(`/v1/events?limit=9&${mine}&order=asc`, tenant);
  expect(events[0]).toMatchObject({ event: { id: old.id }, late: true });
});

test('a tenant sees in quarantine what it signed, and not what nobody proves to be its', async () => {
  await until(async () => (await json('/v1/quarantine'))['records'].length > 0);
  const { records } = await json('/v1/quarantine');
  expect(records).toHaveLength(1);
  expect(records[0]).toMatchObject({ code: 'clock-ahead', tenant: acme.id, batch: { count: 2 } });
  expect((await json('/v1/quarantine', await pipeline.tenant('other')))['records']).toEqual([]);
});
