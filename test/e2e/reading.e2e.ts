import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { uuidSource } from '../../src/domain/uuid.ts';
import { event, line } from '../fixture/events.ts';
import { openPipeline, type Pipeline } from '../fixture/pipeline.ts';
import { put, sealed, type Tenant, vend } from '../fixture/vended.ts';
import { accessFaults } from './access-faults.ts';
import { loaded, openBrowser, picture, signIn, type Visit, visit } from './browse.ts';
import { seedLog } from './seed-log.ts';

let pipeline: Pipeline;
let browser: Browser;
let acme: Tenant;
let desk: Visit;
let denied: number;

beforeAll(async () => {
  [pipeline, browser] = await Promise.all([openPipeline(), openBrowser()]);
  acme = await pipeline.tenant('acme');
  const lines = await seedLog(pipeline, acme, { events: 3000, hours: 30, size: 50 });
  denied = lines.filter((each) => each.includes('"outcome":"denied"')).length;
  desk = await visit(browser, pipeline.url);
});
afterAll(async () => {
  await browser?.close();
  await pipeline?.close();
});

/** Numbers in the foot of the page: events loaded. */
async function countLoaded(): Promise<number> {
  const text = await desk.page.locator('.foot [role=status]').innerText();
  return Number(/([\d,]+) events loaded/.exec(text)?.[1]?.replaceAll(',', ''));
}

async function search(text: string): Promise<void> {
  await desk.page.getByLabel('Search', { exact: true }).fill(text);
  await desk.page.keyboard.press('Enter');
}

const rows = () => desk.page.locator('[role=row]:not(.head)');

test('a key that is not good is refused at the sign-in, in words', async () => {
  const { page } = desk;
  await page.getByLabel('Key or token').fill('st_no_such_key');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await loaded(page, 'This key or token is not valid, or has ended.');
  expect(await accessFaults(page)).toEqual([]);
  await picture(page, 'sign-in');
});

test('the log is shown newest first, and its counts are those of the whole log', async () => {
  await signIn(desk, acme.apiKey);
  await loaded(desk.page, /^3,0\d\d events/);
  const times = await rows().locator('.time').allInnerTexts();
  expect(times.length).toBeGreaterThan(10);
  expect(times).toEqual([...times].sort().reverse());
  expect(await accessFaults(desk.page)).toEqual([]);
  await picture(desk.page, 'list-light');
});

test('scrolling down loads pages until the end, and only what is seen is in the document', async () => {
  const grid = desk.page.getByRole('grid');
  await expect
    .poll(async () => {
      await grid.evaluate((element) => element.scrollTo(0, element.scrollHeight));
      return desk.page.getByText(/events loaded, all of them/).count();
    })
    .toBe(1);
  expect(await countLoaded()).toBeGreaterThanOrEqual(3000);
  expect(await rows().count()).toBeLessThan(100);
});

test('words in the search box become chips, and narrow what is shown', async () => {
  await search('outcome:denied');
  await loaded(desk.page, /events loaded, all of them/);
  await expect.poll(countLoaded).toBe(denied);
  expect(new Set(await rows().locator('.outcome').allInnerTexts())).toEqual(new Set(['denied']));

  await search('action:member.removed metadata.plan:team');
  await expect.poll(countLoaded).toBeLessThan(denied);
  expect(await desk.page.getByRole('list', { name: 'Filters' }).innerText()).toContain(
    'member.removed',
  );
});

test('the address is a permalink to the view, and names no secret', async () => {
  const link = desk.page.url();
  expect(link).toContain('#outcome=denied&action=member.removed&metadata.plan=team');
  expect(link).not.toContain(acme.apiKey);
  const other = await visit(browser, link);
  await signIn(other, acme.apiKey);
  const filters = other.page.getByRole('list', { name: 'Filters' });
  await filters.waitFor();
  expect(await filters.innerText()).toContain('member.removed');
  await other.page.context().close();

  await desk.page.getByRole('button', { name: 'Clear all' }).click();
  await expect.poll(countLoaded).toBeGreaterThan(denied);
  await desk.page.goBack();
  await expect.poll(() => desk.page.getByRole('list', { name: 'Filters' }).count()).toBe(1);
  await desk.page.getByRole('button', { name: 'Clear all' }).click();
});

test('text is found in the lines, and counts then are of what is loaded, and say so', async () => {
  await search('"the role lacks"');
  await loaded(desk.page, /events loaded, all of them/);
  await expect.poll(countLoaded).toBe(denied);
  await search('ab');
  await loaded(desk.page, 'Text to look for has at least 3 characters.');
  await desk.page.getByRole('button', { name: 'Clear all' }).click();
});

test('everything can be reached from the keyboard', async () => {
  const { page } = desk;
  await expect.poll(countLoaded).toBeGreaterThan(150);
  await page.keyboard.press('Escape');
  await page.keyboard.press('/');
  await page.keyboard.type('action:member.role.changed');
  await page.keyboard.press('Enter');
  await page.getByRole('list', { name: 'Filters' }).waitFor();
  await page.keyboard.press('Escape');
  await expect
    .poll(() => rows().first().locator('.action').innerText())
    .toBe('member.role.changed');
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('k');
  await page.keyboard.press('j');
  const selected = page.locator('[role=row][aria-selected=true]');
  expect(await selected.getAttribute('aria-rowindex')).toBe('3');
  const id = await selected.getAttribute('id');
  expect(await page.getByRole('grid').getAttribute('aria-activedescendant')).toBe(id);
  await page.keyboard.press('Enter');
  const detail = page.getByRole('complementary', { name: 'Event' });
  await detail.waitFor();
  await expect.poll(() => page.evaluate('document.activeElement.tagName')).toBe('H2');
  await loaded(page, 'before:');
  await loaded(page, /Signatures hold/);
  expect(await accessFaults(page)).toEqual([]);
  await picture(page, 'detail-light');
  await page.keyboard.press('Escape');
  await expect.poll(() => detail.count()).toBe(0);
  expect(await page.evaluate('document.activeElement.role')).toBe('grid');
  await page.keyboard.press('?');
  await page.getByRole('dialog').waitFor();
  expect(await accessFaults(page)).toEqual([]);
  await picture(page, 'help');
  await page.keyboard.press('Escape');
  await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
});

test('a value in an event is a filter, one click away', async () => {
  await rows().first().click();
  const detail = desk.page.getByRole('complementary', { name: 'Event' });
  const actor = detail.getByRole('button', { name: /^user_/ }).first();
  const id = await actor.innerText();
  await actor.click();
  expect(await desk.page.getByRole('list', { name: 'Filters' }).innerText()).toContain(id);
  await desk.page.getByRole('button', { name: 'Clear all' }).click();
});

test('a bar of the chart narrows the time to it', async () => {
  const bar = desk.page.locator('.bar:not(:disabled)').nth(2);
  await bar.click();
  await expect.poll(() => desk.page.url()).toMatch(/from=.*&to=/);
  await loaded(desk.page, /events loaded, all of them/);
  expect(await countLoaded()).toBeLessThan(3000);
  await desk.page.getByRole('button', { name: 'Clear all' }).click();
});

test('who follows sees new events by themselves, and hears of them', async () => {
  const { page } = desk;
  await loaded(page, /events loaded/);
  await page.getByRole('button', { name: 'Follow' }).click();
  const vended = await vend(pipeline.url, acme);
  const news = event(Date.now(), { id: uuidSource()(Date.now()), action: 'news.arrived' });
  await put(vended, [
    sealed(vended, [
      line({
        ...news,
        time: new Date(Number.parseInt(news.id.replace('-', '').slice(0, 12), 16)).toISOString(),
      }),
    ]),
  ]);
  await rows().locator('.action', { hasText: 'news.arrived' }).waitFor();
  await loaded(page, /new events/);
  await page.getByRole('button', { name: 'Pause' }).click();
});

test('all events of a search are exported, as the exact lines', async () => {
  const { page } = desk;
  await search('outcome:denied');
  await expect.poll(countLoaded).toBe(denied);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'NDJSON' }).click(),
  ]);
  const chunks: Buffer[] = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
  const exported = Buffer.concat(chunks).toString().trim().split('\n');
  expect(exported.length).toBe(denied);
  expect(exported.every((each) => each.includes('"outcome":"denied"'))).toBe(true);
  await desk.page.getByRole('button', { name: 'Clear all' }).click();
});

test('it is legible in the dark, too', async () => {
  const { page } = desk;
  await page.emulateMedia({ colorScheme: 'dark' });
  await search('action:member.role.changed');
  await expect
    .poll(() => rows().first().locator('.action').innerText())
    .toBe('member.role.changed');
  await rows().first().click();
  await loaded(page, /Signatures hold/);
  expect(await accessFaults(page)).toEqual([]);
  await picture(page, 'detail-dark');
  await page.getByRole('button', { name: 'Theme: system' }).click();
  expect(await page.evaluate('getComputedStyle(document.documentElement).colorScheme')).toBe(
    'light',
  );
});

test('nothing was asked of anybody else, and the policy stopped nothing', () => {
  expect(desk.complaints).toEqual([]);
  const foreign = desk.requests.filter(
    (url) => !url.startsWith(pipeline.url) && !/^(data|blob):/.test(url),
  );
  expect(foreign).toEqual([]);
});
