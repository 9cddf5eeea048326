import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { findChromium } from './find-chromium.ts';

/** As automake counts a test that was skipped: https://www.gnu.org/software/automake/manual/html_node/Scripts_002dbased-Testsuites.html */
const skipped = 77;

const root = fileURLToPath(new URL('../..', import.meta.url));

/** `npm run e2e`: the console in a real browser, against the stack deployed on this machine. */
async function main(args: readonly string[]): Promise<number> {
  const chromium = findChromium(process.env);
  if (chromium === undefined) {
    process.stderr.write(
      'Skipped: there is no Chromium. Install one (Debian: apt-get install chromium), or name it with CHROMIUM=/path/to/it.\n',
    );
    return skipped;
  }
  const child = spawn(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/e2e/vitest.config.ts', ...args],
    { cwd: root, stdio: 'inherit', env: { ...process.env, CHROMIUM: chromium } },
  );
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? 1;
}

process.exitCode = await main(process.argv.slice(2));
