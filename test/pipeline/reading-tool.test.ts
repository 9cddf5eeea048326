import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Pipeline } from '../fixture/pipeline.ts';
import { readerOf } from '../fixture/reader.ts';
import { verifySecond } from '../fixture/second-verifier.ts';
import { sharedPipeline } from '../fixture/shared-pipeline.ts';

const folder = mkdtempSync(join(tmpdir(), 'sealtrail-reading-tool-'));
let pipeline: Pipeline;

beforeAll(async () => {
  pipeline = await sharedPipeline();
}, 240_000);
afterAll(async () => {
  await pipeline?.close();
  await rm(folder, { recursive: true, force: true });
});

test('what is shipped with the tool is queried, exported and verified with it, and by a program without our code', async () => {
  const acme = await pipeline.tenant('acme');
  const reader = readerOf(pipeline.url, acme.apiKey);
  const input = join(folder, 'events.ndjson');
  const good = (n: number) =>
    `{"action":"login","actor":{"type":"user","id":"u_${n}"},"metadata":{"n":${n}}}\n`;
  const bad =
    '{"action":"x"}\n\nnope\n{"action":"x","actor":{"type":"a","id":"b"},"metadata":{"n":9007199254740993}}\n';
  writeFileSync(input, good(0) + bad + good(1));
  const shipped = await reader.run(['ship', input, '--json']);
  expect(shipped.code).toBe(1);
  expect(JSON.parse(shipped.stdout)).toMatchObject({ committed: 2, refused: 3 });
  expect(shipped.stderr).toMatch(
    /^line 2: .*actor[\s\S]*^line 4: not JSON[\s\S]*^line 5: the number 9007199254740993/m,
  );

  const log = await pipeline.log(acme);
  expect(log).toHaveLength(2);
  const queried = await reader.run([
    'query',
    '--from',
    '1h',
    '--order',
    'asc',
    '--action',
    'login',
  ]);
  expect(queried.stdout.split('\n').slice(0, -1)).toEqual(log);

  const jwks = (await (await fetch(`${pipeline.url}/.well-known/jwks.json`)).json()) as {
    keys: { kid: string }[];
  };
  const pin = jwks.keys[0]?.kid ?? '';
  const [first = ''] = log;
  const answer = await pipeline.get(`/v1/events/${JSON.parse(first).id}/proof`, acme);
  const proof = await answer.text();
  expect(answer.status).toBe(200);
  expect(await verifySecond(proof, pin)).toEqual({ event: JSON.parse(first), tenant: acme.id });

  await pipeline.drained(); // of the end of the producer, for which nobody waited
  const bundle = join(folder, 'log.bundle');
  expect(await reader.run(['export', '--from', '1h', '--proofs', '--out', bundle])).toMatchObject({
    code: 0,
  });
  const verified = await reader.run(['verify', bundle, '--issuer', pin, '--tenant', acme.id]);
  expect(verified).toMatchObject({ code: 0, stderr: '' });
  expect(verified.stdout).toMatch(/^billing .* 2 +0 +1 +finished$/m);
  // With those that tell of these reads, as far as they are stored by now.
  expect(verified.stdout).toMatch(/ event\(s\) intact, 0 incomplete\.$/m);
}, 120_000);
