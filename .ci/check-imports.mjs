// The rules of .dependency-cruiser.mjs hold, and they were really applied to our modules: with a compiler
// that dependency-cruiser does not know it reads no TypeScript, and finds no violations either.
import { execFileSync } from 'node:child_process';

const args = [
  '--config',
  '.dependency-cruiser.mjs',
  '--output-type',
  'json',
  'bin',
  'lib',
  'src',
  'test',
];
const options = {
  encoding: 'utf8',
  maxBuffer: 256 * 1024 * 1024,
  stdio: ['ignore', 'pipe', 'inherit'],
};
const { modules, summary } = JSON.parse(run());

const ours = modules.filter(({ source }) => /^(bin|lib|src|test)\/.*\.ts$/.test(source));
for (const { rule, from, to } of summary.violations) console.error(`${rule.name}: ${from} → ${to}`);
console.log(`${ours.length} modules of ours cruised, ${summary.violations.length} violations`);
if (ours.length <= 30) console.error('too few modules: were the sources read at all?');
process.exitCode = summary.violations.length > 0 || ours.length <= 30 ? 1 : 0;

function run() {
  try {
    return execFileSync('depcruise', args, options);
  } catch (error) {
    if (error.stdout) return error.stdout; // it exits with the number of violations
    throw error;
  }
}
