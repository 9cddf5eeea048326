import { afterAll, beforeAll, expect, test } from 'vitest';
import { event, line } from '../fixture/events.ts';
import { type Pipeline, until } from '../fixture/pipeline.ts';
import { sharedPipeline } from '../fixture/shared-pipeline.ts';
import { batchesUnder, storeStraight } from '../fixture/straight-store.ts';
import { type Tenant, vend } from '../fixture/vended.ts';

let pipeline: Pipeline;
/** Both have the same event in the store; of the second, one byte of its record is another. */
let honest: Tenant;
let robbed: Tenant;

const it = event(Date.now(), { reason: 'untouched' });
/** By tenant, as `?batch=` takes them. */
const names = new Map<Tenant, string>();

beforeAll(async () => {
  pipeline = await sharedPipeline();
  honest = await pipeline.tenant('honest');
  robbed = await pipeline.tenant('robbed');
  for (const tenant of [honest, robbed]) {
    const [sealed] = batchesUnder(tenant, await vend(pipeline.url, tenant), [[line(it)]]);
    if (sealed === undefined) throw new Error('no batch');
    names.set(tenant, encodeURIComponent(`${sealed.to}#${sealed.id}#${sealed.shard}`));
    const record = Buffer.from(sealed.record);
    if (tenant === robbed) record.write('U', record.indexOf('untouched'));
    await storeStraight(pipeline, [{ ...sealed, record }]);
  }
});
afterAll(() => pipeline?.close());

const counted = () =>
  pipeline.printed.filter((text) => text.includes('"IntegrityErrors":1')).length;

test.each([
  ['a page of events', () => '/v1/events', 'application/json'],
  ['lines', () => '/v1/events', 'application/x-ndjson'],
  ['CSV', () => '/v1/events', 'text/csv'],
  ['one event', () => `/v1/events/${it.id}`, 'application/json'],
  ['a proof', () => `/v1/events/${it.id}/proof`, 'application/json'],
  ['whole batches', () => '/v1/batches?from=-1h', 'application/json'],
  [
    'a named batch',
    (tenant: Tenant) => `/v1/batches?batch=${names.get(tenant)}`,
    'application/json',
  ],
])(
  '%s: a stored record of which one byte was altered is named, or an error; it is counted, and never given',
  async (_, path, accept) => {
    const before = counted();
    const good = await pipeline.get(path(honest), honest, { accept });
    expect(good.status).toBe(200);
    expect((await good.text()).length).toBeGreaterThan(100);
    expect(counted()).toBe(before);

    const answer = await pipeline.get(path(robbed), robbed, { accept });
    const text = await answer.text();
    if (path(robbed).includes(it.id)) {
      expect(answer.status).toBe(500);
      expect(JSON.parse(text)).toMatchObject({ code: 'integrity-broken' });
    } else {
      expect(answer.status).toBe(200);
      const said = answer.headers.get('sealtrail-holes') ?? text;
      expect(said).toContain(decodeURIComponent(names.get(robbed) ?? '').split('#')[1]);
    }
    expect(text).not.toMatch(/untouched/i);
    expect(text).not.toContain(it.id);
    await until(() => counted() > before);
    expect(counted()).toBe(before + 1);
  },
);
