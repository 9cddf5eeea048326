import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { event, line } from '../fixture/events.ts';
import type { Pipeline } from '../fixture/pipeline.ts';
import { sharedPipeline } from '../fixture/shared-pipeline.ts';
import { batchesUnder, storeStraight } from '../fixture/straight-store.ts';
import { type Tenant, vend } from '../fixture/vended.ts';

let pipeline: Pipeline;
let tenant: Tenant;

const count = 1200;
const end = Date.now() - 60_000;
/** What is looked for: one in each batch, all over the minute. */
const sought = Array.from({ length: count }, (_, n) => event(end - 1 - ((n * 7_919) % 50_000)));
/** All batches end with the same millisecond, and are 18 MB together: a page may read 16 MiB. */
const bulk = () =>
  event(end, { action: 'bulk', metadata: { of: randomBytes(11_000).toString('base64') } });

beforeAll(async () => {
  pipeline = await sharedPipeline();
  tenant = await pipeline.tenant('crowd');
  const contents = sought.map((each) => [line(each), line(bulk())]);
  await storeStraight(pipeline, batchesUnder(tenant, await vend(pipeline.url, tenant), contents));
});
afterAll(() => pipeline?.close());

interface Page {
  readonly order: 'exact' | 'partial';
  readonly events: readonly { readonly event: { readonly id: string } }[];
  readonly next: string | null;
}

test('pages over a minute with more batches than one may read go on, partly ordered, and hold each event once', async () => {
  const orders: Page['order'][] = [];
  const ids: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query = `action=invoice.refunded&limit=400`;
    const answer = await pipeline.get(
      `/v1/events?${query}${cursor && `&cursor=${cursor}`}`,
      tenant,
    );
    const page = (await answer.json()) as Page;
    expect(answer.status).toBe(200);
    // On a slow machine a page may end by its time with nothing found: then it gets further all the same.
    if (page.events.length === 0) expect(page.next).not.toBe(cursor);
    expect(page.events.length).toBeLessThanOrEqual(400);
    expect(answer.headers.get('sealtrail-order')).toBe(page.order);
    const own = page.events.map((each) => each.event.id);
    expect(own).toEqual(own.toSorted().reverse());
    orders.push(page.order);
    ids.push(...own);
    cursor = page.next;
  }
  expect(orders).toContain('partial');
  expect(orders.length).toBeGreaterThan(2);
  expect(ids.toSorted()).toEqual(sought.map(({ id }) => id).sort());
});
