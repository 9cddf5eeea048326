import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildFunctions } from '../../src/local/build-functions.ts';
import { sourceKey } from '../../src/local/source-key.ts';
import { inputs, synth } from '../../src/local/synth.ts';
import { readAssembly } from '../../src/local/template/assembly.ts';
import { stubFunctions } from '../fixture/stub-functions.ts';

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

/** A package whose app writes a manifest and nothing else: loading the CDK takes seconds, and caching is not its concern. */
function stubPackage(): string {
  const root = temporary();
  for (const path of [...inputs, 'src/token/env.ts']) {
    const isFile = /\.(ts|json)$/.test(path);
    mkdirSync(join(root, isFile ? dirname(path) : path), { recursive: true });
    if (isFile) writeFileSync(join(root, path), '{"context":{}}');
  }
  writeFileSync(
    join(root, 'bin/sealtrail.ts'),
    `import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
const { functions, removalPolicy } = JSON.parse(process.env.CDK_CONTEXT_JSON ?? '{}');
if (removalPolicy === 'destroy') throw new Error('prod retains its data');
const out = process.env.CDK_OUTDIR ?? '';
mkdirSync(out);
cpSync(functions, out + '/functions', { recursive: true });
writeFileSync(out + '/manifest.json', '{}');
`,
  );
  return root;
}

test('the real app makes both stacks, and an asset of each function', async () => {
  const { assembly } = await synth();
  const stacks = await readAssembly(assembly);
  expect(stacks.map(({ name }) => name)).toEqual(['SealtrailData-dev', 'SealtrailService-dev']);
  expect(readdirSync(assembly).filter((name) => name.startsWith('asset.'))).toHaveLength(4);
});

describe('synthesizing', () => {
  const root = stubPackage();
  const cacheDir = temporary();
  let builds = 0;
  const build = async (outDir: string) => {
    builds += 1;
    stubFunctions(outDir);
  };
  let assembly: string;

  test('gives any number of callers at once the same assembly', async () => {
    const both = await Promise.all([
      synth({ root, cacheDir, build }),
      synth({ root, cacheDir, build }),
    ]);
    assembly = both[0].assembly;
    expect(both[1].assembly).toBe(assembly);
    for (const name of ['auditor', 'consumer', 'read', 'token'])
      expect(readFileSync(join(assembly, 'functions', name, 'index.js'), 'utf8')).toBe(
        `exports.handler = async () => '${name}';\n`,
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

test('what was edited while it was made is made again', async () => {
  const root = stubPackage();
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
