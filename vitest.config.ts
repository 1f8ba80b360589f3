import { defineConfig } from 'vitest/config'

// Of a test that takes minutes the message is to say what came: CI keeps no more than that.
const chaiConfig = { truncateThreshold: 1000 }

// Temporary files in one folder that is removed afterwards.
const globalSetup = ['test/kit/run-folder.ts']

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'pure',
          globalSetup,
          include: ['test/**/*.test.ts'],
          exclude: ['test/hosts/**', 'test/kubernetes/**'],
          // Only what hangs is to fail: on a busy machine a test of milliseconds takes seconds.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'hosts',
          globalSetup,
          chaiConfig,
          include: ['test/hosts/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 300_000,
          maxWorkers: 2,
          maxConcurrency: 8,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'real',
          globalSetup,
          chaiConfig,
          include: ['test/kubernetes/**/*.test.ts'],
          testTimeout: 900_000,
          hookTimeout: 1_800_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
