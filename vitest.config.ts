import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { processTests } from './test/kit/tiers.ts'

// Of a test that takes minutes the message is to say what came: CI keeps no more than that.
const chaiConfig = { truncateThreshold: 1000 }

// Temporary files in one folder that is removed afterwards.
const globalSetup = ['test/kit/run-folder.ts']

const here = {
  globalSetup,
  // Only what hangs is to fail: on a busy machine a test of milliseconds takes seconds.
  testTimeout: 60_000,
  // Half of the time goes by with waiting: for time-outs, shells, and servers that say nothing.
  maxWorkers: 2 * availableParallelism(),
}
const withContainers = ['test/hosts/**', 'test/kubernetes/**', 'test/long/**']
const ofProcesses = processTests('test')
// Clients count there what fails within seconds of a machine's death; another cluster on the same cores is no part of that.
const measuring = ['test/kubernetes/ha.test.ts']
const real = { globalSetup, chaiConfig, testTimeout: 900_000, hookTimeout: 1_800_000 }

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...here,
          name: 'pure',
          include: ['test/**/*.test.ts'],
          exclude: [...withContainers, ...ofProcesses],
        },
      },
      {
        test: {
          ...here,
          name: 'process',
          include: [...ofProcesses],
          exclude: withContainers,
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
          // Each file has hosts of its own.
          maxWorkers: 2,
          // Of a file as many tests at once as firewall.test.ts has hosts under test.
          maxConcurrency: 8,
          // After the tests without hosts.
          sequence: { groupOrder: 1 },
        },
      },
      {
        // Clusters mostly wait, so two at a time are made in little more than the time of one.
        test: { ...real, name: 'real', include: ['test/kubernetes/**/*.test.ts'], exclude: measuring, maxWorkers: 2 },
      },
      {
        test: {
          ...real,
          name: 'measuring',
          include: measuring,
          fileParallelism: false,
          // After the others.
          sequence: { groupOrder: 1 },
        },
      },
      {
        // What takes too long for CI: npm run test:long.
        test: {
          name: 'long',
          globalSetup,
          chaiConfig,
          include: ['test/long/**/*.test.ts'],
          hookTimeout: 1_800_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
