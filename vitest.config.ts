import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// Tests read the packages' sources, so that no build is needed to run them; what is built is tested by tests/packages.
export default defineConfig({
  resolve: { conditions: ['@tillwright/source'] },
  ssr: { resolve: { conditions: ['@tillwright/source'] } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'tests/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    retry: 0,
    pool: 'forks',
    // Two on two cores as well, where one is the default: the longest tests wait for processes that they kill.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
