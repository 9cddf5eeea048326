import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signer } from '../fixture/batches.ts';
import { event, line } from '../fixture/events.ts';
import { issuerOf } from '../fixture/issued.ts';
import { type Reader, readerOf, serve } from '../fixture/reader.ts';
import { range } from '../fixture/served-log.ts';
import { anyBatch } from '../fixture/stored-batch.ts';
import { now, readHarness } from '../read/harness.ts';

const folder = mkdtempSync(join(tmpdir(), 'sealtrail-holes-'));
const issuer = issuerOf();
const it = event(now);
const hole = anyBatch({
  to: '2026-03-01T11:00:00.000Z',
  record: Buffer.from('x'),
  terms: undefined,
});
let door: Awaited<ReturnType<typeof serve>>;
let reader: Reader;

/** A log of an event, a faulty line, and a row that nobody sealed. */
beforeAll(async () => {
  const api = readHarness();
  const who = signer();
  api.grants.set(who.grantId, issuer.grant(who));
  await api.add(who, [line(it), line({ ...event(now + 1), typo: 1 })]);
  await api.store.insert([hole]);
  door = await serve(({ path, query, key, accept }) =>
    api.ask(`GET ${path}`, query, { key, accept }),
  );
  reader = readerOf(door.url, 'key-of-acme');
});
afterAll(async () => {
  await door?.close();
  await rm(folder, { recursive: true, force: true });
});

test.each(['ndjson', 'json', 'csv', 'table'])(
  'a query says what is missing, in its exit code too (%s)',
  async (format) => {
    const { code, stdout, stderr } = await reader.run(['query', ...range, '--format', format]);
    expect([code, stderr]).toEqual([3, expect.stringContaining('not complete: 1 batch')]);
    if (format !== 'json') expect(stdout).toContain(hole.id);
    const enough = await reader.run(['query', ...range, '--limit', '1', '--format', format]);
    expect(enough.stderr).not.toContain('error');
  },
);

test('a filter leaves faulty lines out, says so, and --faulty shows them', async () => {
  const asked = await reader.run(['query', ...range, '--actor', 'u_17', '--json']);
  expect(asked.stdout.split('\n')[0]).toBe(JSON.stringify(it));
  expect(asked.stdout).not.toContain('faults');
  expect(asked.stderr).toContain('--faulty shows them');
  const faulty = await reader.run(['query', ...range, '--faulty', '--json']);
  expect(faulty.stdout).toContain('"faults":["schema"]');
  expect(faulty.stdout).not.toContain(it.id);
});

test('an export goes on, and is not called complete: neither lines, nor a bundle that is verified', async () => {
  const file = join(folder, 'log.ndjson');
  const lines = await reader.run(['export', ...range, '--out', file]);
  expect([lines.code, lines.stderr]).toEqual([3, expect.stringContaining('not complete: 1 batch')]);
  expect(readFileSync(file, 'utf8')).toContain(`{"sealtrail":{"hole":{"batch":"${hole.to}#`);
  expect(readFileSync(file, 'utf8')).toContain(JSON.stringify(it));
  const bundle = join(folder, 'log.bundle');
  const proofs = await reader.run(['export', ...range, '--proofs', '--out', bundle]);
  expect(proofs.code).toBe(3);
  const verified = await reader.run(['verify', bundle, '--issuer', issuer.pin]);
  expect(verified.code).toBe(3);
  expect(verified.stdout + verified.stderr).toContain('incomplete');
});
