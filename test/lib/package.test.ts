import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildFunctions } from '../../src/local/build-functions.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const modules = join(root, 'node_modules');
let app: string;

/** An app of somebody's own that has installed the package as it is published, and no bundler. */
beforeAll(async () => {
  app = await mkdtemp(join(tmpdir(), 'sealtrail-their-app-'));
  const installed = join(app, 'node_modules/sealtrail');
  await mkdir(installed, { recursive: true });
  await cp(join(root, 'package.json'), join(installed, 'package.json'));
  const outDir = join(installed, 'dist/cdk');
  await run(join(modules, '.bin/tsc'), ['--project', 'lib/tsconfig.json', '--outDir', outDir], {
    cwd: root,
  });
  await buildFunctions({ outDir: join(installed, 'dist/functions') });
  for (const name of ['aws-cdk-lib', 'constructs', 'zod']) {
    await symlink(join(modules, name), join(app, 'node_modules', name));
  }
  await writeFile(join(app, 'package.json'), '{"type":"module"}');
}, 240_000);
afterAll(() => rm(app, { recursive: true, force: true }));

test('an app that installed the package deploys the pipeline with the functions that came with it', async () => {
  await writeFile(
    join(app, 'app.js'),
    `import { App, Stack } from 'aws-cdk-lib';
     import { AuditPipeline } from 'sealtrail/cdk';
     const app = new App({ outdir: 'cdk.out', analyticsReporting: false });
     new AuditPipeline(new Stack(app, 'Theirs'), 'Audit', { store: { stage: 'dev' } });
     app.synth();`,
  );
  await run(process.execPath, ['app.js'], { cwd: app });
  const out = join(app, 'cdk.out');
  const bundles = (await readdir(out)).filter((name) => name.startsWith('asset.'));
  expect(bundles).toHaveLength(4);
  for (const bundle of bundles) {
    expect((await readFile(join(out, bundle, 'index.js'))).length).toBeGreaterThan(50_000);
  }
});
