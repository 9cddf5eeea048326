import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Reader } from '../fixture/reader.ts';
import { verifySecond } from '../fixture/second-verifier.ts';
import { parsed, range, type ServedLog, serveLog } from '../fixture/served-log.ts';
import { now } from '../read/harness.ts';

const folder = mkdtempSync(join(tmpdir(), 'sealtrail-export-'));
let served: ServedLog;
let reader: Reader;

beforeAll(async () => {
  served = await serveLog();
  reader = served.reader;
});
beforeEach(() => {
  served.onRequest = async () => {};
});
afterAll(async () => {
  await served?.close();
  await rm(folder, { recursive: true, force: true });
});

test('a proof from the API is intact for us and for a program without our code', async () => {
  const [first] = served.events;
  const answer = await fetch(`${served.url}/v1/events/${first?.id}/proof`, {
    headers: { authorization: 'Bearer key-of-acme' },
  });
  const text = await answer.text();
  expect((await verifySecond(text, served.pin)).event).toEqual(first);
  const file = join(folder, 'proof.json');
  writeFileSync(file, text);
  expect(
    (await reader.run(['verify', file, '--issuer', served.pin, '--tenant', 'acme'])).code,
  ).toBe(0);
  expect((await reader.run(['verify', file])).code).toBe(3);
});

describe('export', () => {
  test('holds the exact lines of the log', async () => {
    const file = join(folder, 'log.ndjson');
    expect((await reader.run(['export', ...range, '--out', file])).code).toBe(0);
    expect(readFileSync(file, 'utf8').split('\n').slice(0, -1)).toEqual(served.log);
    expect(existsSync(`${file}.state`)).toBe(false);
    const again = await reader.run(['export', ...range, '--out', file]);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('is there already')]);
  });

  test('with proofs is intact down to each event, the producer’s chain to its end', async () => {
    const file = join(folder, 'log.bundle');
    const { code, stdout } = await reader.run([
      'export',
      ...range,
      '--proofs',
      '--out',
      file,
      '--json',
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ events: 2500 });
    const verified = await reader.run([
      'verify',
      file,
      '--issuer',
      served.pin,
      '--tenant',
      'acme',
      '--json',
    ]);
    expect(verified.code).toBe(0);
    const rows = parsed(verified.stdout);
    expect(rows.filter(({ verdict }) => verdict === 'intact')).toHaveLength(2500);
    expect(rows.at(-2)).toMatchObject({ first: 0, gaps: [], forks: [], end: 'finished' });
    expect(rows.at(-1)).toMatchObject({ file: 'intact', tenant: 'acme' });
  });

  test('with proofs tells of a revocation that is made while it runs', async () => {
    const file = join(folder, 'revoked.bundle');
    const before = [...served.grants];
    served.onRequest = async (path) => {
      if (!path.includes('after=')) return;
      // The second half of the log is said to have arrived after it.
      for (const [id, grant] of before) served.grants.set(id, { ...grant, revokedAt: now });
    };
    expect((await reader.run(['export', ...range, '--proofs', '--out', file])).code).toBe(0);
    for (const [id, grant] of before) served.grants.set(id, grant);
    const { code, stdout } = await reader.run(['verify', file, '--issuer', served.pin, '--json']);
    expect(code).toBe(3);
    expect(stdout).toContain('"code":"revoked"');
  });

  test.each([
    ['without proofs', [], 'cursor='],
    ['with proofs', ['--proofs'], 'after='],
  ])('killed and started again it has the same bytes: %s', async (name, options, later) => {
    const [file, whole] = [join(folder, `${name}.killed`), join(folder, `${name}.whole`)];
    const words = (out: string) => ['export', ...range, ...options, '--out', out];
    // It is killed while it waits for its second page: its first is on the disk.
    const first = reader.start(words(file));
    served.onRequest = async (path) => {
      if (!path.includes(later)) return;
      first.kill();
      await first.done;
    };
    expect((await first.done).code).toBe(null);
    served.onRequest = async () => {};
    expect(readFileSync(file).length).toBeGreaterThan(100_000);
    // What was half written when it died; more than there is to come.
    writeFileSync(file, Buffer.alloc(8 * 1024 * 1024, 'x'), { flag: 'a' });

    expect((await reader.run(['export', '--out', file])).stderr).toContain('of another export');
    expect((await reader.run(words(file))).code).toBe(0);
    expect((await reader.run(words(whole))).code).toBe(0);
    // When an export began is said in the first line of a bundle.
    const digest = (path: string) =>
      createHash('sha256')
        .update(readFileSync(path, 'latin1').replace(/"asOf":"[^"]+"/, ''))
        .digest('hex');
    expect(digest(file)).toBe(digest(whole));
    expect(existsSync(`${file}.state`)).toBe(false);
  });

  test('a state that leads elsewhere is refused before a key is sent', async () => {
    const file = join(folder, 'forged.ndjson');
    const words = ['export', ...range, '--out', file];
    // It is broken off while it waits for its second page, so that there is a state.
    const ended = new AbortController();
    served.onRequest = async (path) => {
      if (path.includes('cursor=')) ended.abort();
    };
    expect((await reader.run(words, { signal: ended.signal })).code).toBe(1);
    const kept = JSON.parse(readFileSync(`${file}.state`, 'utf8'));
    const asked: string[] = [];
    served.onRequest = async (path) => {
      asked.push(path);
    };
    // With a base path, `/..` would leave it; the others name no path at all.
    const env = { SEALTRAIL_URL: `${served.url}/audit` };
    const question = kept.question.replace(served.url, env.SEALTRAIL_URL);
    for (const next of ['/../v1/events', '.evil.example/', '@evil.example/']) {
      writeFileSync(`${file}.state`, JSON.stringify({ ...kept, question, next }));
      const { code, stderr } = await reader.run(words, { env });
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/does not lead to|not the state of an export/),
      ]);
    }
    expect(asked).toEqual([]);
  });

  test('shows how far it is on a terminal only', async () => {
    const out = join(folder, 'progress.ndjson');
    const { stderr } = await reader.run(['export', ...range, '--out', out], { tty: true });
    expect(stderr).toMatch(/\r.*\[#*-+\] \d+% {2}1,000 events, up to 20/);
  });
});
