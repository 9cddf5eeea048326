import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { findChromium } from './find-chromium.ts';

/** A page of the console, and what went wrong in it. */
export interface Visit {
  readonly page: Page;
  /** Errors, and whatever the Content-Security-Policy stopped. */
  readonly complaints: readonly string[];
  /** Addresses that were asked for. */
  readonly requests: readonly string[];
}

/** The real browser, without a window, and without a way to any other machine. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = findChromium(process.env);
  if (executablePath === undefined) throw new Error('there is no Chromium: use npm run e2e');
  return chromium.launch({
    executablePath,
    args: ['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost'],
  });
}

export async function visit(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    reducedMotion: 'reduce',
    timezoneId: 'UTC',
    ...options,
  });
  // The machine may be busy with the deployment, too.
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    // That an answer was 4xx is said here too; tests look for those themselves.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => requests.push(request.url()));
  await page.addInitScript(
    "addEventListener('securitypolicyviolation', (e) => console.error('CSP', e.violatedDirective, e.blockedURI, e.sample))",
  );
  await page.goto(url);
  return { page, complaints, requests };
}

export async function signIn({ page }: Visit, apiKey: string): Promise<void> {
  await page.getByLabel('Key or token').fill(apiKey);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('grid').waitFor();
}

/** What the foot of the page says it has. */
export function loaded(page: Page, text: string | RegExp): Promise<void> {
  return page.getByText(text).first().waitFor();
}

let folder: Promise<string> | undefined;

/** Keeps a picture for somebody to look at, in `SCREENSHOTS` or a folder that is named in the output. */
export async function picture(page: Page, name: string): Promise<void> {
  folder ??= Promise.resolve(
    process.env['SCREENSHOTS'] ?? mkdtemp(join(tmpdir(), 'sealtrail-screens-')),
  );
  const path = join(await folder, `${name}.png`);
  await page.screenshot({ path });
  console.log(`screenshot ${path}`);
}
