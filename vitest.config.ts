import { defineConfig } from 'vitest/config';

/** What starts processes, deployments or databases, or takes seconds: not what one runs at each save. */
const system = [
  'test/{contract,crash,lib,local,pipeline,property}/**/*.test.ts',
  'test/cli/{completion,old-node,system-log,tool}.test.ts',
  'test/client/{examples,package,pino,processes,property}.test.ts',
  'test/consumer/bomb-memory.test.ts',
  'test/store/read-units.test.ts',
];
/** What replaces a module, which must not have been loaded before. */
const mocked = ['test/client/example/refund.test.ts', 'test/domain/without-zstd.test.ts'];

export default defineConfig({
  test: {
    globalSetup: 'test/temporary.ts',
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Loading the AWS clients again for each file took as long as all tests, and the files of a worker share a
    // deployment (test/fixture/shared-pipeline.ts). So no file may leave anything behind: a mock, a changed
    // environment, a fault, a right that it took away.
    isolate: false,
    // The pipeline's tests wait now and then: three share two cores well.
    maxWorkers: 3,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...system, ...mocked],
        },
      },
      { extends: true, test: { name: 'mocked', include: mocked, isolate: true } },
      { extends: true, test: { name: 'system', include: system } },
    ],
  },
});
