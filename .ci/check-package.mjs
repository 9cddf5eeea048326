// What publint and attw find wrong with the package as it would be published. Old resolution ("node10", which
// knows no subpaths) is left out: TypeScript of the versions that are promised has better.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'sealtrail-package-'));
const run = (file, ...args) => execFileSync(file, args, { encoding: 'utf8', stdio: 'inherit' });
try {
  run(process.execPath, '.ci/build-sdk.mjs');
  run('npm', 'pack', '--ignore-scripts', '--silent', '--pack-destination', folder);
  const { name, version } = (await import('../package.json', { with: { type: 'json' } })).default;
  const tarball = join(folder, `${name}-${version}.tgz`);
  run('publint', 'run', tarball, '--strict');
  // Its table is worth reading only if something is wrong.
  const attw = spawnSync('attw', [tarball, '--profile', 'node16'], { encoding: 'utf8' });
  if (attw.status !== 0) throw new Error(`attw: ${attw.stdout}${attw.stderr}`);
  console.log('publint and attw: nothing is wrong with the package');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
