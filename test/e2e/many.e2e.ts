import type { Browser, Route } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sampleEvents } from '../../src/local/demo/sample-events.ts';
import { openPipeline, type Pipeline } from '../fixture/pipeline.ts';
import { loaded, openBrowser, picture, signIn, type Visit, visit } from './browse.ts';

/** `EVENTS=10000` for a quick look. */
const count = Number(process.env['EVENTS'] ?? 100_000);
/**
 * What a frame may cost the page's own thread on average, ms of CPU: of script, and with layout and painting, which here
 * is done without a graphics card. Every frame shows other rows: some 400 are passed at once.
 */
const budget = { script: 6, all: 33 };
const frames = 240;

let pipeline: Pipeline;
let browser: Browser;
let desk: Visit;

beforeAll(async () => {
  [pipeline, browser] = await Promise.all([openPipeline(), openBrowser()]);
  desk = await visit(browser, pipeline.url);
  // The page is what is measured, so its events come from here, as the service words them.
  await desk.page.route('**/v1/events?*', servePages());
  await signIn(desk, (await pipeline.tenant('acme')).apiKey);
});
afterAll(async () => {
  await browser?.close();
  await pipeline?.close();
});

/** Answers of `GET /v1/events` over a log of sample events, newest first, a second apart. */
function servePages(): (route: Route) => Promise<void> {
  const start = Date.now();
  let clock = start;
  const next = sampleEvents(() => clock);
  const about = { late: false, client: 'demo-app', producer: 'p', seq: 0, batch: 'b' };
  const items = Array.from({ length: count }, (_, i) => {
    clock = start - i * 1000;
    const event = next();
    return `{"event":${JSON.stringify(event)},${JSON.stringify({ received: event.time, ...about }).slice(1)}`;
  });
  return async (route) => {
    const params = new URL(route.request().url()).searchParams;
    const from = Number(params.get('cursor') ?? 0);
    const end = from + Number(params.get('limit'));
    const cursor = end < count ? `"${end}"` : 'null';
    const body = `{"events":[${items.slice(from, end)}],"order":"exact","next":${cursor}}`;
    await route.fulfill({ body, contentType: 'application/json' });
  };
}

test(`${count} events are loaded, with few of them in the document`, async () => {
  const { page } = desk;
  await loaded(page, /events loaded/);
  const started = performance.now();
  await page.getByRole('button', { name: /^Load up to/ }).click();
  const foot = page.locator('.foot [role=status]');
  await expect
    .poll(async () => Number((await foot.innerText()).split(' ')[0]?.replaceAll(',', '')))
    .toBe(count);
  console.log(`${count} events loaded in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  expect(await page.locator('[role=row]').count()).toBeLessThan(120);
  await picture(page, 'many');
});

test(`scrolling through them takes under ${budget.script} ms of script a frame`, async () => {
  const { page } = desk;
  const devtools = await page.context().newCDPSession(page);
  // CPU of the thread, so that whatever else this machine does is not counted.
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const busy = async () => {
    const { metrics } = await devtools.send('Performance.getMetrics');
    const msOf = (wanted: string) =>
      1000 * (metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN);
    return { script: msOf('ScriptDuration'), all: msOf('TaskDuration') };
  };
  const before = await busy();
  const durations = await page.evaluate<number[]>(`new Promise((resolve) => {
    const grid = document.querySelector('[role=grid]');
    const step = (grid.scrollHeight - grid.clientHeight) / ${frames};
    const durations = [];
    let last = performance.now();
    const next = () => {
      const now = performance.now();
      durations.push(now - last);
      last = now;
      grid.scrollTop += step;
      if (durations.length < ${frames}) requestAnimationFrame(next);
      else resolve(durations);
    };
    requestAnimationFrame(next);
  })`);
  const after = await busy();
  const script = (after.script - before.script) / frames;
  const all = (after.all - before.all) / frames;
  const sorted = durations.toSorted((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(share * (frames - 1))] ?? 0).toFixed(1);
  console.log(
    `${count} events, ${frames} frames: ${script.toFixed(1)} ms of script and ${all.toFixed(1)} ms of CPU in all a frame; frames took ${at(0.5)} ms (p50), ${at(0.95)} ms (p95)`,
  );
  expect(script).toBeLessThan(budget.script);
  expect(all).toBeLessThan(budget.all);
});
