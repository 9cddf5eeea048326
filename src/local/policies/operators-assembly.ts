import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { synth } from '../synth.ts';

/** The stack that holds the roles of operators, before `-<stage>`. */
export const operatorsStack = 'SealtrailOperators';

/**
 * Synthesizes the app with a role for each grant method of the pipeline; its functions do nothing.
 *
 * @param context settings of the app
 * @returns the folder of the cloud assembly
 */
export async function operatorsAssembly(
  context: Readonly<Record<string, string>> = {},
): Promise<string> {
  const app = 'src/local/policies/operators-app.ts';
  return (await synth({ app, context, build: writeStubs })).assembly;
}

async function writeStubs(outDir: string): Promise<void> {
  for (const name of ['token', 'consumer', 'read', 'auditor']) {
    await mkdir(join(outDir, name), { recursive: true });
    await writeFile(join(outDir, name, 'index.js'), 'exports.handler = async () => {};\n');
  }
}
