import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { event, line } from '../fixture/events.ts';
import { openPipeline, type Pipeline } from '../fixture/pipeline.ts';
import { put, sealed, type Tenant, vend } from '../fixture/vended.ts';
import { loaded, openBrowser, picture, signIn, type Visit, visit } from './browse.ts';

/** A page of a product that shows the console in a frame, at whatever path names it. */
let host: Server;
let hostUrl: string;
let frame = '';
let pipeline: Pipeline;
let browser: Browser;
let acme: Tenant;
let desk: Visit;

const attack = '<script>window.pwned = 1</script>';
const image = '"><img src=x onerror="window.pwned = 2">';
const turned = 'paid\u202Etxt.exe\u2066';

const now = Date.now() - 1000;
const hostile = line(
  event(now, {
    action: 'xss.tried',
    actor: { type: 'user', id: attack, name: attack },
    targets: [{ type: 'file', id: image, name: image }],
    outcome: 'denied',
    reason: turned,
    context: { userAgent: 'javascript:window.pwned=3', location: image },
    changes: [{ op: 'replace', path: `/${attack}`, from: image, to: { [image]: attack } }],
    metadata: { [attack]: image, nested: { [image]: attack }, __proto__: null, big: 1 },
  }),
);
const precise = Buffer.from(hostile.toString().replace('"big":1', '"big":9007199254740993'));
const faulty = line({ ...event(now - 1), unknown: image });

beforeAll(async () => {
  host = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(
      `<!doctype html><title>Host</title><iframe width=1200 height=700 src="${frame}"></iframe>`,
    );
  });
  await new Promise<void>((done) => host.listen(0, '127.0.0.1', done));
  hostUrl = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;
  const allow = (resources: Record<string, { Properties: Record<string, unknown> }>) => {
    for (const { Properties } of Object.values(resources)) {
      const { Variables } = Object(Properties['Environment']) as {
        Variables?: Record<string, unknown>;
      };
      if (Variables !== undefined && 'VIEWER_ORIGINS' in Variables)
        Variables['VIEWER_ORIGINS'] = hostUrl;
    }
  };
  [pipeline, browser] = await Promise.all([openPipeline(allow), openBrowser()]);
  acme = await pipeline.tenant('acme');
  const vended = await vend(pipeline.url, acme);
  await put(vended, [sealed(vended, [faulty, precise])]);
  await pipeline.drained();
  desk = await visit(browser, pipeline.url);
  await signIn(desk, acme.apiKey);
});
afterAll(async () => {
  await browser?.close();
  await pipeline?.close();
  host?.close();
});

const rowOf = (text: string) => desk.page.getByRole('row').filter({ hasText: text });

test('markup in events is text, in the list and in the detail', async () => {
  const { page } = desk;
  await rowOf('xss.tried').click();
  await loaded(page, /Signatures hold/);
  const detail = page.getByRole('complementary', { name: 'Event' });
  const text = await detail.innerText();
  for (const each of [attack, image, 'javascript:window.pwned=3']) expect(text).toContain(each);
  await picture(page, 'hostile');
  expect(await page.evaluate('window.pwned')).toBeUndefined();
  expect(await page.locator('#console img, #console script, #console iframe').count()).toBe(0);
});

test('marks that turn the direction of text are shown, and numbers are exact', async () => {
  const detail = desk.page.getByRole('complementary', { name: 'Event' });
  const text = await detail.innerText();
  expect(text).toContain('U+202E');
  expect(text).toContain('U+2066');
  expect(text).not.toContain('\u202E');
  expect(text.match(/9007199254740993/g)?.length).toBe(2);
  await detail.getByRole('button', { name: 'Exact bytes' }).click();
  expect(await detail.locator('pre').innerText()).toContain('"big":9007199254740993');
});

test('a line that is no valid event is flagged, escaped, and proved all the same', async () => {
  await rowOf('not a valid event').click();
  await loaded(desk.page, /Signatures hold/);
  const detail = desk.page.getByRole('complementary', { name: 'Event' });
  await expect.poll(() => detail.innerText()).toContain('schema');
  expect(await detail.innerText()).toContain('img src=x');
  expect(await desk.page.evaluate('window.pwned')).toBeUndefined();
});

test('a filter by hostile text is a chip, and no more', async () => {
  await rowOf('xss.tried').click();
  const detail = desk.page.getByRole('complementary', { name: 'Event' });
  await detail.getByRole('button', { name: attack }).first().click();
  const chip = desk.page.getByRole('list', { name: 'Filters' });
  await expect.poll(() => chip.innerText()).toContain(attack);
  await rowOf('xss.tried').waitFor();
});

test('the policy lets no script in, and nothing so far has tried', async () => {
  const { page, complaints } = desk;
  expect(complaints).toEqual([]);
  const response = await page.request.get(pipeline.url);
  const policy = response.headers()['content-security-policy'] ?? '';
  expect(policy).toMatch(
    /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; connect-src 'self';/,
  );
  expect(policy).toContain("require-trusted-types-for 'script'");
  const tried = await page.evaluate<string>(
    `(() => { try { document.body.innerHTML = '<img src=x onerror="window.pwned = 4">'; return 'let in'; } catch (error) { return error.name; } })()`,
  );
  expect(tried).toBe('TypeError');
  await expect.poll(() => complaints.join()).toContain('require-trusted-types-for');
});

describe('in a frame of another page', () => {
  async function viewerToken(): Promise<string> {
    const response = await fetch(`${pipeline.url}/v1/viewer-tokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${acme.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ filter: { action: 'xss.tried' } }),
    });
    return ((await response.json()) as { token: string }).token;
  }

  test('a viewer token signs in, shows its events only, and leaves the address at once', async () => {
    const token = await viewerToken();
    frame = `${pipeline.url}/#token=${token}&action=xss.tried`;
    const { page, complaints, requests } = await visit(browser, hostUrl);
    const inner = page.frameLocator('iframe');
    await inner.getByRole('row').filter({ hasText: 'xss.tried' }).waitFor();
    const address = page.frames()[1]?.url() ?? '';
    expect(address).toBe(`${pipeline.url}/#action=xss.tried`);
    expect(requests.filter((url) => !url.includes('#') && url.includes(token))).toEqual([]);
    expect(await inner.getByRole('button', { name: 'Producers' }).count()).toBe(0);
    expect(await inner.getByRole('row').filter({ hasText: 'not a valid event' }).count()).toBe(0);
    const next = await viewerToken();
    await page.frames()[1]?.evaluate(`location.hash = 'token=${next}&outcome=denied'`);
    await inner.getByRole('list', { name: 'Filters' }).getByText('denied').waitFor();
    await expect.poll(() => page.frames()[1]?.url()).toBe(`${pipeline.url}/#outcome=denied`);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('it is not shown to a host that the settings do not name', async () => {
    frame = pipeline.url;
    const { page, complaints } = await visit(browser, hostUrl.replace('127.0.0.1', 'localhost'));
    await expect.poll(() => complaints.join()).toContain('frame-ancestors');
    await page.context().close();
  });
});
