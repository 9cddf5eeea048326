// What publint and attw find wrong with the package as it would be published. Old resolution ("node10", which
// knows no subpaths) is left out: TypeScript of the versions that are promised has better. All of it is built first.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'sealtrail-package-'));
const run = (file, ...args) => execFileSync(file, args, { encoding: 'utf8', stdio: 'inherit' });
try {
  run('npm', 'run', '--silent', 'build');
  run('npm', 'pack', '--ignore-scripts', '--silent', '--pack-destination', folder);
  const { name, version } = (await import('../package.json', { with: { type: 'json' } })).default;
  const tarball = join(folder, `${name}-${version}.tgz`);
  run('publint', 'run', tarball, '--strict');
  // Its table is worth reading only if something is wrong.
  // `sealtrail/cdk` is for a CDK app that runs where it is built: an ES module only, which every Node that is promised can require().
  const words = [tarball, '--profile', 'node16', '--exclude-entrypoints', './cdk'];
  const attw = spawnSync('attw', words, { encoding: 'utf8' });
  if (attw.status !== 0) throw new Error(`attw: ${attw.stdout}${attw.stderr}`);
  console.log('publint and attw: nothing is wrong with the package');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
