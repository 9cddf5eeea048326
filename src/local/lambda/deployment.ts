import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootstrapSource } from './bootstrap.ts';

/** One version of a function's code, ready to run. */
export interface Deployment {
  readonly taskRoot: string;
  readonly bootstrap: string;
  remove(): Promise<void>;
}

/**
 * Copies an asset out of the repository: under its `"type": "module"` a CommonJS `index.js` would
 * not run in place, and a function must not see files that Lambda would not have given it.
 */
export async function deploy(assetDir: string): Promise<Deployment> {
  const folder = await mkdtemp(join(tmpdir(), 'sealtrail-function-'));
  const deployment = {
    taskRoot: join(folder, 'task'),
    bootstrap: join(folder, 'bootstrap.js'),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
  try {
    await writeFile(join(folder, 'package.json'), '{"type":"commonjs"}');
    await writeFile(deployment.bootstrap, bootstrapSource);
    await cp(assetDir, deployment.taskRoot, { recursive: true });
  } catch (cause) {
    await deployment.remove();
    throw cause;
  }
  return deployment;
}
