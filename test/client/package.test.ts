import { execFile, execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { openTaken } from '../fake/event-stream.ts';
import { apiKey } from '../fake/token-service.ts';
import { closeServers, listen } from '../fixture/front-over-http.ts';
import { oldestNode, tooOldNode } from '../fixture/other-node.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const app = mkdtempSync(join(tmpdir(), 'sealtrail-app-'));
const at = join(app, 'node_modules', 'sealtrail');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const runtime = ['@aws-sdk/client-kinesis', '@smithy/node-http-handler', 'zod'];
const subpaths = ['express', 'fastify', 'hono', 'lambda', 'pino', 'testing'];

/** An app that installed the package: what is packed, beside what it depends on. */
beforeAll(() => {
  const build = ['.ci/build-sdk.mjs', join(at, 'dist')];
  execFileSync(process.execPath, build, { cwd: root, stdio: 'inherit' });
  copyFileSync(join(root, 'package.json'), join(at, 'package.json'));
  for (const name of [...runtime, '@types/node', 'undici-types']) {
    mkdirSync(join(app, 'node_modules', name, '..'), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(app, 'node_modules', name));
  }
}, 300_000);
afterAll(() => rmSync(app, { recursive: true }));

const nodes = [process.execPath, oldestNode];

function run(node: string, file: string, text: string): string {
  writeFileSync(join(app, file), text);
  return execFileSync(node, [file], { cwd: app, encoding: 'utf8' }).trim();
}

test('what can be imported is this, and a change of it is a new version', async () => {
  const listed = Object.keys(manifest.exports).filter((path) => path !== './package.json');
  expect(listed).toEqual(expect.arrayContaining(['.', ...subpaths.map((path) => `./${path}`)]));
  const exported: Record<string, string[]> = {};
  for (const path of ['index', ...subpaths])
    exported[path] = Object.keys(await import(`../../src/client/${path}.ts`)).sort();
  expect(exported).toEqual({
    index: [
      'closeOnSignal',
      'createAuditClient',
      'currentContext',
      'defineEvents',
      'inContext',
      'withContext',
    ],
    express: ['auditContext'],
    fastify: ['auditContext'],
    hono: ['auditContext'],
    lambda: ['withAudit'],
    pino: ['auditStream', 'default', 'fillAudit'],
    testing: ['MemoryAudit', 'auditMatchers'],
  });
});

test('it depends on three packages, and imports no other', () => {
  expect(Object.keys(manifest.dependencies).sort()).toEqual(runtime);
  const imported = globSync('dist/**/*.{js,d.ts}', { cwd: at }).flatMap((file) => {
    const text = readFileSync(join(at, file), 'utf8');
    return [...text.matchAll(/(?:from |require\(|import\()['"]([^.'"][^'"]*)['"]/g)];
  });
  expect(imported.length).toBeGreaterThan(20);
  const names = new Set(imported.map(([, name]) => String(name)));
  expect([...names].filter((name) => !name.startsWith('node:')).sort()).toEqual(runtime);
});

describe.each(nodes)('under %s', (node) => {
  test('every entry loads both ways', () => {
    const names = ['sealtrail', ...subpaths.map((path) => `sealtrail/${path}`)];
    const text = (load: string) =>
      `void (async () => {
         for (const name of ${JSON.stringify(names)})
           console.log(name, Object.keys(await ${load}(name)).sort() + '');
       })();`;
    const required = run(node, 'load.cjs', text('require'));
    expect(required.split('\n')).toHaveLength(names.length);
    expect(required).toContain('sealtrail/testing MemoryAudit,auditMatchers');
    expect(run(node, 'load.mjs', text('import'))).toBe(required);
  });

  test('an app that has both of them has one context', () => {
    const text = `
      import { createRequire } from 'node:module';
      import { withContext } from 'sealtrail';
      const { currentContext, withContext: other } = createRequire(import.meta.url)('sealtrail');
      const seen = withContext({ correlationId: 'c-1' }, () => currentContext());
      console.log(seen.correlationId, other === withContext);`;
    expect(run(node, 'both.mjs', text)).toBe('c-1 false');
  });
});

test('an app in TypeScript compiles and runs, as ES modules and as CommonJS', () => {
  const files = ['consumer.mts', 'consumer.cts'];
  for (const file of files) copyFileSync(join(root, '.ci/consumer.ts'), join(app, file));
  const options = '--strict --module node16 --target es2022 --lib es2022 --types node';
  const tsc = join(root, 'node_modules/.bin/tsc');
  execFileSync(tsc, [...options.split(' '), ...files], { cwd: app, stdio: 'inherit' });
  for (const node of nodes)
    for (const file of ['consumer.mjs', 'consumer.cjs'])
      expect(execFileSync(node, [file], { cwd: app, encoding: 'utf8' })).toBe(
        '4 event-invalid true\n',
      );
}, 240_000);

test('the oldest Node that is promised is the one that is tested, and npm scripts run on ours', () => {
  const version = (node: string) => execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  expect(manifest.engines.node).toBe('>=22.15');
  expect(version(oldestNode)).toBe('v22.15.0');
  // Two packages bring a `node`: the one that npm links is not the oldest.
  const linked = join(root, 'node_modules/.bin/node');
  expect(version(linked)).toBe(`v${manifest.devDependencies.node}`);
});

/** A Node that has no zstd, and an old one if this machine has one. */
const withoutZstd: [name: string, words: string[]][] = [
  ['without zstd', [process.execPath, '--require', join(root, 'test/fixture/without-zstd.cjs')]],
  ...(tooOldNode === undefined ? [] : [['of the PATH', [tooOldNode]] as [string, string[]]]),
];

describe.each(withoutZstd)('in a Node %s', (_, [node = '', ...options]) => {
  test.each([
    ['required', "require('sealtrail')", 'cjs'],
    ['imported', "import 'sealtrail'", 'mjs'],
  ])('the SDK, %s, throws by the version that it needs', (form, text, extension) => {
    const file = `too-old-${form}.${extension}`;
    writeFileSync(join(app, file), text);
    const { status, stderr } = spawnSync(node, [...options, file], { cwd: app, encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toContain('sealtrail needs Node 22.15 or newer');
  });
});

test('the oldest Node keeps events in a spool and is killed; the next, of the other form, sends them and its own', async () => {
  const front = await listen();
  const dir = join(app, 'spool');
  const [options, event] = [{ url: front.url, apiKey, spool: { dir } }, "action: 'node.tested'"];
  // Lingers for longer than it lives: nothing is on the stream when it dies.
  writeFileSync(
    join(app, 'killed.cjs'),
    `const { createAuditClient } = require('sealtrail');
       const audit = createAuditClient({ ...${JSON.stringify(options)}, lingerMs: 60_000 });
       const record = (n) => audit.record(
         { ${event}, actor: { type: 'process', id: process.version }, metadata: { n } },
         { until: 'durable' },
       );
       Promise.all([0, 1, 2].map(record)).then(() => process.kill(process.pid, 'SIGKILL'));`,
  );
  writeFileSync(
    join(app, 'next.mjs'),
    `import { createAuditClient } from 'sealtrail';
       const audit = createAuditClient(${JSON.stringify(options)});
       audit.record({ ${event}, actor: { type: 'process', id: process.version }, metadata: { n: 3 } });
       await audit.close();
       console.log(process.version, audit.stats().accepted, audit.stats().pending.events);`,
  );
  const node = (file: string) => promisify(execFile)(oldestNode, [file], { cwd: app });
  await expect(node('killed.cjs')).rejects.toMatchObject({ signal: 'SIGKILL' });
  expect(front.taken).toEqual([]);
  const { stdout } = await node('next.mjs');
  const [version, ...counts] = stdout.trim().split(' ');
  expect(version).not.toBe(process.version);
  expect(counts).toEqual(['4', '0']);
  const batches = openTaken(front.taken, front.token.grants);
  batches.sort((a, b) => a.manifest.seq - b.manifest.seq);
  const events = batches.flatMap(({ lines }) =>
    lines.map(({ bytes }) => JSON.parse(bytes.toString('utf8'))),
  );
  expect(events.map(({ actor, metadata }) => [actor.id, metadata.n])).toEqual(
    [0, 1, 2, 3].map((n) => [version, n]),
  );
  expect(batches.at(-1)?.manifest.fin).toBe(true);
  await closeServers();
});

test('pino finds the transport by its name, in the README’s example', async () => {
  const front = await listen();
  symlinkSync(join(root, 'node_modules/pino'), join(app, 'node_modules/pino'));
  const example = readFileSync(join(root, 'src/client/README.md'), 'utf8').match(
    /^```ts\n(import pino.*?)^```$/ms,
  )?.[1];
  writeFileSync(join(app, 'log.mts'), example ?? '');
  const env = { ...process.env, SEALTRAIL_URL: front.url, SEALTRAIL_API_KEY: apiKey };
  const { stdout } = await promisify(execFile)(process.execPath, ['log.mts'], { cwd: app, env });
  expect(JSON.parse(stdout)).toMatchObject({
    msg: 'refunded',
    audit: { actor: { id: 'nightly' } },
  });
  const [batch] = openTaken(front.taken, front.token.grants);
  const [event] = batch?.lines.map(({ bytes }) => JSON.parse(bytes.toString('utf8'))) ?? [];
  expect(event).toMatchObject({
    action: 'invoice.refunded',
    actor: { type: 'job', id: 'nightly' },
  });
  await closeServers();
});

test('a bundle that only records has nothing else in it', async () => {
  writeFileSync(
    join(app, 'record.mjs'),
    `import { createAuditClient } from 'sealtrail';
     createAuditClient({ url: 'https://audit.example.com', apiKey: 'k' }).record({});`,
  );
  const { metafile } = await build({
    ...{ entryPoints: [join(app, 'record.mjs')], outfile: join(app, 'bundle.js') },
    ...{ bundle: true, metafile: true, platform: 'node', format: 'esm', logLevel: 'error' },
    preserveSymlinks: true,
    external: runtime,
  });
  const [output] = Object.values(metafile.outputs);
  const ours = Object.entries(output?.inputs ?? {})
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => path.replace(/^.*\/dist\//, ''));
  expect(ours).toContain('esm/client/client.js');
  expect(ours).toContain('esm/client/require-zstd.js');
  const others =
    /context|define-events|find-dropped|close-on-signal|express|fastify|hono|pino|lambda|testing|cjs/;
  expect(ours.filter((path) => others.test(path))).toEqual([]);
});
