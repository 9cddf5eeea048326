import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { event, line } from '../fixture/events.ts';
import { openPipeline, type Pipeline } from '../fixture/pipeline.ts';
import { put, sealed, type Tenant, vend } from '../fixture/vended.ts';
import { loaded, openBrowser, picture, signIn, type Visit, visit } from './browse.ts';

let pipeline: Pipeline;
let browser: Browser;
let acme: Tenant;
let desk: Visit;

beforeAll(async () => {
  [pipeline, browser] = await Promise.all([openPipeline(), openBrowser()]);
  acme = await pipeline.tenant('acme');
  const vended = await vend(pipeline.url, acme);
  const now = Date.now() - 1000;
  const lines = Array.from({ length: 5 }, (_, i) =>
    line(event(now + i, { action: `step.${i}`, metadata: { amount: 100 } })),
  );
  await put(vended, [sealed(vended, lines)]);
  await pipeline.drained();
  desk = await visit(browser, pipeline.url);
  await signIn(desk, acme.apiKey);
});
afterAll(async () => {
  await browser?.close();
  await pipeline?.close();
});

async function open(action: string): Promise<void> {
  await desk.page.getByRole('row').filter({ hasText: action }).click();
}

const badge = () => desk.page.locator('.proof');

test('without a pinned key the signatures hold, and the page says what is open', async () => {
  await open('step.2');
  await loaded(desk.page, 'Signatures hold; the issuer’s key is not pinned');
  await badge().locator('summary').click();
  expect(await badge().innerText()).toContain('Nobody has said that it is the right one');
  expect(await badge().innerText()).toContain('Line 3 of the 5 that were sealed together.');
});

test('with the key pinned the event is verified, and stays so for this browser', async () => {
  await badge().getByRole('button', { name: 'Pin this issuer’s key' }).click();
  await loaded(desk.page, 'Verified in this browser');
  await picture(desk.page, 'proof-intact');
  await desk.page.reload();
  await loaded(desk.page, 'Verified in this browser');
});

test('a forged proof is red, and says which link fails', async () => {
  await desk.page.route('**/proof*', async (route) => {
    const response = await route.fetch();
    const proof = (await response.json()) as { manifest: string };
    const at = proof.manifest.length - 20;
    const other = proof.manifest[at] === 'A' ? 'B' : 'A';
    const manifest = proof.manifest.slice(0, at) + other + proof.manifest.slice(at + 1);
    await route.fulfill({ response, json: { ...proof, manifest } });
  });
  await open('step.3');
  await loaded(desk.page, 'Forged: this is not what was sealed');
  expect(await badge().innerText()).toContain('The manifest’s signature does not hold.');
  expect(await badge().getAttribute('class')).toContain('forged');
  await picture(desk.page, 'proof-forged');
  await desk.page.unroute('**/proof*');
});

test('a service that shows another event than was sealed is found out', async () => {
  await desk.page.route('**/v1/events?*', async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replaceAll('"amount":100', '"amount":999');
    await route.fulfill({ response, body });
  });
  await desk.page.reload();
  await open('step.1');
  await loaded(desk.page, 'Forged: this is not what was sealed');
  expect(await badge().innerText()).toContain('other bytes than those shown here');
  await desk.page.unroute('**/v1/events?*');
});

test('a service that gives no proof, or a browser that cannot check, is told in words', async () => {
  await desk.page.route('**/proof*', (route) =>
    route.fulfill({ status: 404, json: { message: 'Not Found' } }),
  );
  await desk.page.reload();
  await open('step.1');
  await loaded(desk.page, 'Not verified: this deployment gives no proof of this event.');
  await desk.page.unroute('**/proof*');
  await desk.page.addInitScript(
    "SubtleCrypto.prototype.importKey = () => Promise.reject(new Error('NotSupportedError'))",
  );
  await desk.page.reload();
  await open('step.1');
  await loaded(desk.page, /this browser cannot check Ed25519 signatures/);
});
