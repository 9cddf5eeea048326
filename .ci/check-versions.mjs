// Installs the packed package in an empty project, as a user would, and compiles and runs an app there with
// every TypeScript and Node version that is promised. It needs the registry, so it is not part of `check`.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const compilers = ['5.4', '5.5', '5.6', '5.7', '5.8', '5.9', '6.0'];
const nodes = ['22.15.0', '22', '24', '26'];
const [only] = process.argv.slice(2);
const app = mkdtempSync(join(tmpdir(), 'sealtrail-versions-'));
const run = (file, args, cwd = app) =>
  execFileSync(file, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
const install = (folder, ...names) => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...names], folder);
};

try {
  if (only !== '--no-build') run(process.execPath, ['.ci/build-sdk.mjs'], resolve('.'));
  const tarball = run(
    'npm',
    ['pack', '--ignore-scripts', '--silent', '--pack-destination', app],
    '.',
  );
  install(app, join(app, tarball.trim()));
  const direct = readdirSync(join(app, 'node_modules')).filter((name) => !name.startsWith('.'));
  console.log(`installed beside it: ${direct.join(' ')}`);
  run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', '@types/node@22'], app);
  for (const extension of ['mts', 'cts'])
    copyFileSync('.ci/consumer.ts', join(app, `consumer.${extension}`));

  const options =
    '--strict --module node16 --target es2022 --lib es2022,esnext.disposable --types node';
  for (const version of compilers) {
    const folder = join(app, 'typescript', version);
    install(folder, `typescript@${version}`);
    const tsc = join(folder, 'node_modules/typescript/bin/tsc');
    run(process.execPath, [tsc, ...options.split(' '), 'consumer.mts', 'consumer.cts']);
    console.log(`TypeScript ${version}: compiles, types of all dependencies checked`);
    rmSync(folder, { recursive: true });
  }
  for (const version of nodes) {
    const folder = join(app, 'node', version);
    install(folder, `node@${version}`);
    const node = join(folder, 'node_modules/node/bin/node');
    for (const file of ['consumer.mjs', 'consumer.cjs']) {
      const said = run(node, [file]).trim();
      if (said !== '4 event-invalid true') throw new Error(`Node ${version}: ${file}: ${said}`);
    }
    console.log(`Node ${version} (${run(node, ['--version']).trim()}): runs both ways`);
    rmSync(folder, { recursive: true });
  }
} finally {
  rmSync(app, { recursive: true, force: true });
}
