import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPipeline, type Pipeline } from '../fixture/pipeline.ts';
import type { Tenant } from '../fixture/vended.ts';
import { loaded, openBrowser, picture, signIn, type Visit, visit } from './browse.ts';
import { seedLog } from './seed-log.ts';

/** `EVENTS=10000` for a quick look. */
const count = Number(process.env['EVENTS'] ?? 100_000);
/** What a frame may cost the page's own thread on average, ms of CPU: half of a frame at 60 Hz. */
const budgetMs = 8;
const frames = 240;

let pipeline: Pipeline;
let browser: Browser;
let acme: Tenant;
let desk: Visit;

beforeAll(async () => {
  [pipeline, browser] = await Promise.all([openPipeline(), openBrowser()]);
  acme = await pipeline.tenant('acme');
  await seedLog(pipeline, acme, { events: count, hours: 24 });
  desk = await visit(browser, pipeline.url);
  await signIn(desk, acme.apiKey);
}, 900_000);
afterAll(async () => {
  await browser?.close();
  await pipeline?.close();
});

test(`${count} events are loaded, with few of them in the document`, async () => {
  const { page } = desk;
  await loaded(page, /events loaded/);
  await page.getByRole('button', { name: /^Load up to/ }).click();
  const foot = page.locator('.foot [role=status]');
  await expect
    .poll(async () => Number((await foot.innerText()).split(' ')[0]?.replaceAll(',', '')), {
      timeout: 900_000,
      interval: 1000,
    })
    .toBeGreaterThanOrEqual(count);
  expect(await page.locator('[role=row]').count()).toBeLessThan(120);
  await picture(page, 'many');
}, 900_000);

test(`scrolling through them takes under ${budgetMs} ms of the page's thread a frame`, async () => {
  const { page } = desk;
  const devtools = await page.context().newCDPSession(page);
  // CPU of the thread, so that whatever else this machine does is not counted.
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const busy = async () => {
    const { metrics } = await devtools.send('Performance.getMetrics');
    return 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN);
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
  const perFrame = ((await busy()) - before) / frames;
  const sorted = durations.toSorted((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(share * (frames - 1))] ?? 0).toFixed(1);
  console.log(
    `${count} events, ${frames} frames: ${perFrame.toFixed(2)} ms of CPU a frame; frames took ${at(0.5)} ms (p50), ${at(0.95)} ms (p95)`,
  );
  expect(perFrame).toBeLessThan(budgetMs);
});
