import { configDefaults, defineConfig } from 'vitest/config'

/** Several nodes that keep the time of an L1: `make clock` runs them, one file at a time on a machine with nothing else to do. */
const BY_THE_CLOCK = [
  'test/scenario/preconf*.test.ts',
  'test/soak/preconf.test.ts',
  'test/e2e/preconfPos.test.ts',
]

export default defineConfig({
  test: {
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'tests',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...BY_THE_CLOCK],
          // Two forks at most: the suites load KZG and EVM state, and a developer's machine has other work to do.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      ...(process.env.CLOCK === '1'
        ? [
            {
              extends: true as const,
              test: {
                name: 'by the clock',
                include: BY_THE_CLOCK,
                maxWorkers: 1,
                sequence: { groupOrder: 1 },
              },
            },
          ]
        : []),
    ],
  },
})
