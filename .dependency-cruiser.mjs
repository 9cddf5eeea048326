// Who may import whom: the table in src/README.md, as rules. Each room lists everything it may reach.
const pkg = (...names) => names.map((name) => `(^|/)node_modules/${name.replaceAll('/', '\\/')}/`);

const room = (name, from, to) => ({
  name,
  severity: 'error',
  from: { path: from, pathNot: '\\.test\\.ts$' },
  to: { pathNot: to },
});

const aws = (client) => pkg(`@aws-sdk/client-${client}`);
const operations = ['^src/(domain|store|lambda)/', ...pkg('zod'), ...aws('dynamodb'), '^node:'];

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: '(^test/|^vitest\\.config|handler\\.ts$|\\.d\\.ts$)' },
      to: {},
    },
    {
      name: 'handlers-are-reached-by-tests-and-bundles-only',
      severity: 'error',
      from: { pathNot: '^test/' },
      to: { path: '^src/.*/handler\\.ts$' },
    },
    {
      name: 'nothing-imports-the-local-aws-or-the-tool',
      severity: 'error',
      from: { pathNot: '^(test|src/local|src/cli)/' },
      to: { path: '^src/(local|cli)/' },
    },
    {
      name: 'no-tests-in-the-product',
      severity: 'error',
      from: { pathNot: '^(test/|vitest\\.config)' },
      to: { path: '^test/' },
    },
    room('domain', '^src/domain/', ['^src/domain/', ...pkg('zod'), '^(node:)?(crypto|zlib)$']),
    room('client', '^src/client/', [
      '^src/(domain|client)/',
      ...pkg('zod', '@smithy/node-http-handler'),
      ...aws('kinesis'),
      '^(node:)?(async_hooks|crypto|events|net|stream|string_decoder|timers|timers/promises)$',
      '^(node:)?(fs|fs/promises|os|path|zlib)$', // the spool
    ]),
    room('store', '^src/store/', [
      '^src/(domain|store)/',
      ...pkg('zod'),
      ...aws('dynamodb'),
      '^(node:)?(crypto|timers/promises)$',
    ]),
    room('lambda', '^src/lambda/', [
      '^src/(domain|lambda)/',
      ...pkg('zod', '@middy/core', 'jose', '@types/aws-lambda'),
      '^(node:)?',
    ]),
    room('token', '^src/token/', [
      '^src/token/',
      ...operations,
      ...aws('sts'),
      ...aws('kms'),
      ...pkg('@types/aws-lambda'),
      '^(node:)?crypto$',
    ]),
    room('consumer', '^src/consumer/', [
      '^src/consumer/',
      ...operations,
      ...aws('s3'),
      ...aws('kms'),
      ...pkg('@types/aws-lambda'),
      '^(node:)?(crypto|timers/promises)$',
    ]),
    room('read', '^src/read/', [
      '^src/(read|client)/',
      ...operations,
      ...aws('kms'),
      ...aws('lambda'),
      ...aws('s3'),
      ...pkg('@types/aws-lambda'),
      '^(node:)?crypto$',
    ]),
    room('console', '^src/console/', [
      '^src/console/',
      '^src/domain/limits\\.ts$',
      ...pkg('preact'),
    ]),
    room('auditor', '^src/auditor/', ['^src/auditor/', ...operations, ...pkg('@types/aws-lambda')]),
    room('lib', '^lib/', [
      '^lib/',
      '^src/[a-z]+/env\\.ts$',
      '^src/store/keys\\.ts$',
      ...pkg('aws-cdk-lib', 'constructs', 'zod'),
      '^(node:)?(path|url|fs)$',
    ]),
    room('bin', '^bin/', ['^lib/', ...pkg('aws-cdk-lib')]),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|cdk\\.out)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js', '.json', '.d.ts'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      exportsFields: ['exports'],
    },
  },
};
