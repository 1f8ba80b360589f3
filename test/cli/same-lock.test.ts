import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { cluster } from '../../playbooks/cluster.ts'
import { apply } from '../../src/cli/actions/apply.ts'
import { reset } from '../../src/cli/actions/reset.ts'
import { temporaryFolder } from './run-cli.ts'

const seen = vi.hoisted(() => [] as { readonly voters: readonly string[]; readonly witnesses: readonly string[] }[])
const hear = vi.hoisted(() => async ({ voters, witnesses }: (typeof seen)[number]) => {
  seen.push({ voters, witnesses })
  throw new Error('heard')
})

vi.mock('../../src/cli/run/evaluate-cluster.ts', () => ({ evaluateCluster: hear, exitCodeOf: () => 0 }))
vi.mock('../../src/cli/run/evaluate-reset.ts', () => ({ evaluateReset: hear }))

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  seen.length = 0
  folder = await temporaryFolder()
  vi.stubEnv('XDG_STATE_HOME', folder.path)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await folder[Symbol.asyncDispose]()
})

test.each([
  ['three control plane nodes', ['cp1', 'cp2', 'cp3'], ['cp2', 'cp3']],
  ['two, and a worker', ['cp1', 'cp2', 'w9'], ['cp2']],
  ['one that leaves by the file', ['cp1', 'cp2', 'cp3', 'cp4, state: absent'], ['cp4', 'cp2']],
])('apply and reset with the same file need the same lock: %s', async (_, names, named) => {
  const file = join(folder.path, 'cluster.yaml')
  const lines = names.map((name, at) => {
    const [own = '', ...more] = name.split(', ')
    const role = own.startsWith('cp') ? 'control-plane' : 'worker'
    return `    - {${[`name: ${own}`, `address: 192.0.2.${at + 10}`, `roles: [${role}]`, ...more].join(', ')}}`
  })
  const etcd = '  etcd: {allowEvenMembers: true}'
  const head = ['apiVersion: evcctl.dev/v1alpha1', 'kind: Cluster', 'metadata: {name: lab}', 'spec:', etcd, '  hosts:']
  writeFileSync(file, `${[...head, ...lines].join('\n')}\n`)
  const common = { file, output: 'json', parallel: 1 } as const
  await expect(apply({ ...common, operation: cluster, diff: false, yes: true })).rejects.toThrow('heard')
  await expect(reset({ ...common, names: named, all: false, yes: 'lab', dryRun: false })).rejects.toThrow('heard')
  await expect(reset({ ...common, names: [], all: true, yes: 'lab', dryRun: false })).rejects.toThrow('heard')
  expect(seen).toHaveLength(3)
  expect(seen[1]).toEqual(seen[0])
  expect(seen[2]).toEqual(seen[0])
  expect(seen[0]?.witnesses).toEqual(names.length === 4 ? ['cp4'] : [])
})
