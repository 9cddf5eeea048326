import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildFunctions } from './build-functions.ts';
import { sourceKey } from './source-key.ts';

const thisPackage = fileURLToPath(new URL('../..', import.meta.url));

/** All that the bundles and the templates are made of, below the package's folder. */
export const inputs = [
  'bin',
  'lib',
  'src/domain',
  'src/store',
  'src/lambda',
  'src/token',
  'src/consumer',
  'src/read',
  'src/client',
  'src/auditor',
  'src/console',
  'src/local/build-console.ts',
  'src/local/build-functions.ts',
  'src/local/policies/operators-app.ts',
  'src/local/policies/operators-assembly.ts',
  'src/local/synth.ts',
  'cdk.json',
  'package-lock.json',
  'tsconfig.json',
];

/**
 * Settings that are others than an account's by default: here reads take nobody's concurrency, and a test may ask as
 * often as it likes.
 */
const onOneMachine = { readsPerSecond: '5000' };

/** How many assemblies are kept: those used last. */
const kept = 8;

export interface SynthOptions {
  /** The package's folder. @default the one that this file is in */
  readonly root?: string;
  /** The app's file. @default `bin/sealtrail.ts` */
  readonly app?: string;
  /** Settings of the app, as `-c key=value` gives them to the CDK's own tool. */
  readonly context?: Readonly<Record<string, string>>;
  /** Where assemblies are kept. @default `.sealtrail/assemblies` of this package */
  readonly cacheDir?: string;
  /** Writes the functions' bundles into a folder. @default buildFunctions */
  readonly build?: (outDir: string) => Promise<void>;
}

/**
 * Builds the functions and synthesizes the app, unless that has been done for the same sources and settings.
 *
 * The app runs as a child, as the CDK's tool would run it but without the tool (2 s less). An assembly appears
 * under its final name only when it is whole, so any number of processes may call this at once.
 *
 * @returns the folder of the cloud assembly
 * @throws with the app's own words when it fails
 */
export async function synth(
  options: SynthOptions = {},
): Promise<{ assembly: string; cached: boolean }> {
  const root = options.root ?? thisPackage;
  const cacheDir = options.cacheDir ?? join(root, '.sealtrail/assemblies');
  const app = options.app ?? 'bin/sealtrail.ts';
  const build = options.build ?? ((outDir: string) => buildFunctions({ outDir }));
  const { context: own } = JSON.parse(await readFile(join(root, 'cdk.json'), 'utf8'));
  const context = { ...onOneMachine, ...own, ...options.context };
  const keyNow = () => sourceKey(root, inputs, { app, context, node: process.version });
  const key = await keyNow();
  const done = join(cacheDir, key);
  const assembly = join(done, 'cdk.out');
  if (await exists(assembly)) {
    // The time of its last use, by which the oldest are chosen to go.
    const now = new Date();
    await utimes(done, now, now).catch(ignoreMissing);
    return { assembly, cached: true };
  }
  await mkdir(cacheDir, { recursive: true });
  const work = await mkdtemp(join(cacheDir, 'work-'));
  try {
    const functions = join(work, 'functions');
    await build(functions);
    await promisify(execFile)(process.execPath, [app], {
      cwd: root,
      env: {
        CDK_OUTDIR: join(work, 'cdk.out'),
        CDK_CONTEXT_JSON: JSON.stringify({ ...context, functions }),
      },
    });
    // Sources that were edited meanwhile are neither those of the key nor wholly the new ones.
    if ((await keyNow()) !== key) return await synth(options);
    // Another process may have been quicker: its assembly is as good.
    await rename(work, done).catch(async (error) => {
      if (!(await exists(assembly))) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  await forgetOldest(cacheDir);
  return { assembly, cached: false };
}

async function forgetOldest(cacheDir: string): Promise<void> {
  const names = (await readdir(cacheDir)).filter((name) => /^[0-9a-f]{64}$/.test(name));
  const aged = await Promise.all(
    names.map(async (name) => {
      const path = join(cacheDir, name);
      return { path, used: (await stat(path).catch(ignoreMissing))?.mtimeMs ?? 0 };
    }),
  );
  aged.sort((a, b) => b.used - a.used);
  for (const { path } of aged.slice(kept)) await rm(path, { recursive: true, force: true });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(ignoreMissing)) !== undefined;
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
