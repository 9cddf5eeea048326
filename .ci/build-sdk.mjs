// The package twice, as ES modules and as CommonJS: Node 20 up to 20.18 cannot require() an ES module.
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';

for (const [form, config, type] of [
  ['esm', 'tsconfig.json', 'module'],
  ['cjs', 'tsconfig.cjs.json', 'commonjs'],
]) {
  rmSync(`dist/${form}`, { recursive: true, force: true });
  execFileSync('tsc', ['--project', `src/client/${config}`], { stdio: 'inherit' });
  // Says what the .js beside it are; `sideEffects` is read from the nearest package.json too.
  writeFileSync(`dist/${form}/package.json`, JSON.stringify({ type, sideEffects: false }));
}
