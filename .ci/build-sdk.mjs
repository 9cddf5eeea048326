// The package twice, as ES modules and as CommonJS: not all that requires modules (test runners, older bundlers) takes
// an ES module, though every Node that is promised does.
// node .ci/build-sdk.mjs [FOLDER]: where to put `esm` and `cjs`, default dist.
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const folder = resolve(process.argv[2] ?? 'dist');
for (const [form, config, type] of [
  ['esm', 'tsconfig.json', 'module'],
  ['cjs', 'tsconfig.cjs.json', 'commonjs'],
]) {
  const outDir = join(folder, form);
  rmSync(outDir, { recursive: true, force: true });
  const args = ['--project', `src/client/${config}`, '--outDir', outDir];
  execFileSync('node_modules/.bin/tsc', args, { stdio: 'inherit' });
  // Says what the .js beside it are; `sideEffects` is read from the nearest package.json too.
  writeFileSync(join(outDir, 'package.json'), JSON.stringify({ type, sideEffects: false }));
}
