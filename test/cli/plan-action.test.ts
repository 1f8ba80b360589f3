import { expect, test, vi } from 'vitest'
import { cluster } from '../../playbooks/cluster.ts'
import { plan } from '../../src/cli/actions/plan.ts'
import { exitCodes } from '../../src/core/index.ts'

const given = vi.hoisted(() => ({ changes: false, lookedUp: false }))

vi.mock('../../src/cli/run/cluster-run.ts', () => ({
  withClusterRun: (_options: unknown, work: (cluster: unknown) => unknown) =>
    work({ lock: given.lookedUp ? {} : undefined }),
}))
vi.mock('../../src/cli/run/evaluate-cluster.ts', () => ({
  exitCodeOf: () => exitCodes.ok,
  evaluateCluster: async () => ({}),
}))
vi.mock('../../src/cli/run/show-plan.ts', () => ({ showPlan: async () => given.changes }))

const options = { file: 'cluster.yaml', operation: cluster, output: 'text', diff: false, parallel: 1 } as const

test.each([
  ['nothing', false, false, exitCodes.ok],
  ['changes of hosts', true, false, exitCodes.changes],
  ['something to record in the lock file', false, true, exitCodes.changes],
])('plan --exit-code tells %s', async (_, changes, lookedUp, exitCode) => {
  Object.assign(given, { changes, lookedUp })
  expect(await plan({ ...options, exitCode: true })).toBe(exitCode)
  expect(await plan({ ...options, exitCode: false })).toBe(exitCodes.ok)
})
