import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/e2e/**/*.e2e.ts'],
    globalSetup: 'test/temporary.ts',
    // A line a test, as it ends: they take long.
    reporters: 'verbose',
    testTimeout: 240_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000, interval: 100 } },
    // Each has a deployment and a browser of its own: one after the other.
    fileParallelism: false,
  },
});
