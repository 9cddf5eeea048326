import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/temporary.ts',
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Of the pipeline's tests many mostly wait: three share two cores well.
    maxWorkers: 3,
  },
});
