import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Bundles the tool with all that it needs into one file, so that the package's own dependencies stay those of the SDK.
 */
export async function buildCli(outfile = join(root, 'dist/cli/sealtrail.js')): Promise<void> {
  await build({
    entryPoints: [join(root, 'src/cli/main.ts')],
    outfile,
    absWorkingDir: root,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node22.15',
    mainFields: ['module', 'main'],
    // Some of what is bundled is CommonJS and requires Node's own modules.
    banner: {
      js: "#!/usr/bin/env node\nimport{createRequire}from'node:module';const require=createRequire(import.meta.url);",
    },
    legalComments: 'none',
    logLevel: 'silent',
  });
  await chmod(outfile, 0o755);
}

if (import.meta.main) await buildCli();
