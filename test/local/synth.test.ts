import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { buildFunctions } from '../../src/local/build-functions.ts';
import { sourceKey } from '../../src/local/source-key.ts';
import { synth } from '../../src/local/synth.ts';
import { readAssembly } from '../../src/local/template/assembly.ts';
import { stubFunctions } from '../fixture/stub-functions.ts';

const packageRoot = fileURLToPath(new URL('../..', import.meta.url));
const temporary = () => mkdtempSync(join(tmpdir(), 'sealtrail-synth-'));

describe('the functions’ bundles', () => {
  test('are CommonJS, one file each, with what they import inside', async () => {
    const sources = temporary();
    for (const name of ['token', 'consumer', 'read', 'auditor']) {
      mkdirSync(join(sources, name));
      writeFileSync(
        join(sources, 'shared.ts'),
        `export const greet = (who: string): string => 'I am ' + who;`,
      );
      writeFileSync(
        join(sources, name, 'handler.ts'),
        `import { greet } from '../shared.ts';\nexport const handler = async () => greet('${name}');`,
      );
    }
    const outDir = temporary();
    await buildFunctions({ sources, outDir });
    const require = createRequire(import.meta.url);
    for (const name of ['token', 'consumer', 'read', 'auditor']) {
      expect(readdirSync(join(outDir, name))).toEqual(['index.js']);
      expect(await require(join(outDir, name, 'index.js')).handler()).toBe(`I am ${name}`);
    }
  });

  test('are not made of a handler that does not compile', async () => {
    await expect(buildFunctions({ sources: temporary(), outDir: temporary() })).rejects.toThrow(
      /Could not resolve/,
    );
  });
});

describe('the key of sources', () => {
  const tree = () => {
    const root = temporary();
    mkdirSync(join(root, 'a/deep'), { recursive: true });
    writeFileSync(join(root, 'a/deep/one.ts'), 'one');
    writeFileSync(join(root, 'a/two.ts'), 'two');
    writeFileSync(join(root, 'lone.json'), '{}');
    return root;
  };
  const key = (root: string, also: unknown = {}) => sourceKey(root, ['a', 'lone.json'], also);

  test('is the same for the same, wherever it lies', async () => {
    expect(await key(tree())).toBe(await key(tree()));
  });

  test.each([
    ['a byte changes', (root: string) => writeFileSync(join(root, 'a/deep/one.ts'), 'onf')],
    ['a lone file changes', (root: string) => writeFileSync(join(root, 'lone.json'), '[]')],
    ['a file is added', (root: string) => writeFileSync(join(root, 'a/deep/three.ts'), '')],
    [
      'bytes move from one file to the next',
      (root: string) => {
        writeFileSync(join(root, 'a/deep/one.ts'), 'onet');
        writeFileSync(join(root, 'a/two.ts'), 'wo');
      },
    ],
  ])('is another when %s', async (_, change) => {
    const root = tree();
    const before = await key(root);
    change(root);
    expect(await key(root)).not.toBe(before);
  });

  test('is another for other settings', async () => {
    const root = tree();
    expect(await key(root, { stage: 'dev' })).not.toBe(await key(root, { stage: 'prod' }));
  });
});

/** The package's sources as they are now: nobody edits these while a test runs. */
function copyOfPackage(): string {
  const copy = temporary();
  const parts = [
    'bin',
    'lib',
    'src',
    'cdk.json',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
  ];
  for (const part of parts) cpSync(join(packageRoot, part), join(copy, part), { recursive: true });
  symlinkSync(join(packageRoot, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

describe('synthesizing', () => {
  const root = copyOfPackage();
  const cacheDir = temporary();
  let builds = 0;
  const build = async (outDir: string) => {
    builds += 1;
    stubFunctions(outDir);
  };
  let assembly: string;

  // Loading the CDK takes seconds of CPU, twice at once here.
  test('gives any number of callers at once the same assembly', { timeout: 240_000 }, async () => {
    const both = await Promise.all([
      synth({ root, cacheDir, build }),
      synth({ root, cacheDir, build }),
    ]);
    assembly = both[0].assembly;
    expect(both[1].assembly).toBe(assembly);

    const stacks = await readAssembly(assembly);
    expect(stacks.map(({ name }) => name)).toEqual(['SealtrailData-dev', 'SealtrailService-dev']);
    const assets = readdirSync(assembly).filter((name) => name.startsWith('asset.'));
    expect(
      assets.map((name) => readFileSync(join(assembly, name, 'index.js'), 'utf8')).sort(),
    ).toEqual(
      ['auditor', 'consumer', 'read', 'token'].map(
        (name) => `exports.handler = async () => '${name}';\n`,
      ),
    );
  });

  test('is not done again for the same sources and settings', async () => {
    builds = 0;
    expect(await synth({ root, cacheDir, build })).toEqual({ assembly, cached: true });
    expect(builds).toBe(0);
  });

  test('is done for other settings, and fails with the app’s own words', async () => {
    await expect(
      synth({ root, cacheDir, build, context: { stage: 'prod', removalPolicy: 'destroy' } }),
    ).rejects.toThrow(/prod retains/);
    expect(builds).toBe(1);
    // Nothing half made is left.
    expect(readdirSync(cacheDir)).toHaveLength(1);
  });
});

test('what was edited while it was made is made again', { timeout: 240_000 }, async () => {
  const root = copyOfPackage();
  const edited = join(root, 'src/token/env.ts');
  let builds = 0;
  const build = async (outDir: string) => {
    builds += 1;
    stubFunctions(outDir);
    if (builds === 1) appendFileSync(edited, '\n// edited\n');
  };
  const { assembly } = await synth({ root, cacheDir: temporary(), build });
  expect(builds).toBe(2);
  expect(existsSync(join(assembly, 'manifest.json'))).toBe(true);
});
