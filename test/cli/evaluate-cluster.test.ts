import { expect, test } from 'vitest'
import { cluster as createCluster } from '../../playbooks/cluster.ts'
import { dropFormerCa } from '../../playbooks/rotate-ca.ts'
import type { ClusterRun } from '../../src/cli/run/cluster-run.ts'
import { evaluateCluster } from '../../src/cli/run/evaluate-cluster.ts'
import { parseClusterFile } from '../../src/config/index.ts'
import { HostError } from '../../src/core/errors.ts'
import type { SshPool } from '../../src/core/host.ts'
import { fakeRun } from '../engine/fake.ts'
import { factsText } from '../facts/text.ts'

const addresses = new Map([
  ['cp1', '192.0.2.11'],
  ['w1', '192.0.2.21'],
  ['w2', '192.0.2.22'],
])
const hosts = [...addresses].map(([name, address]) => ({
  name,
  address,
  roles: [name.startsWith('cp') ? 'control-plane' : 'worker'],
}))

function given(gone: readonly string[] = []) {
  const asked = new Set<string>()
  const pool: SshPool = {
    async session(host) {
      asked.add(host)
      const facts = factsText({ name: host, address: addresses.get(host)!, kubernetes: [], clock: Date.now() / 1000 })
      return {
        host,
        exchange: async ({ probes }) => ({
          jobs: [],
          results: probes.map(({ script }) => ({
            exitCode: 0,
            stdout: script.includes('@@') ? facts : '',
            stderr: '',
          })),
        }),
      }
    },
    exchanges: () => new Map(),
    async [Symbol.asyncDispose]() {},
  }
  const document = { apiVersion: 'evcctl.dev/v1alpha1', kind: 'Cluster', metadata: { name: 'lab' }, spec: { hosts } }
  const spec = parseClusterFile(JSON.stringify(document), 'cluster.yaml')
  const cluster = {
    spec,
    voters: ['cp1'],
    witnesses: [],
    secrets: { registries: {} },
    operation: createCluster,
    run: fakeRun(pool),
    needed: new Set(),
    gone: new Set(gone),
  } as unknown as ClusterRun
  return { asked, cluster }
}

const error = new HostError('w1', 'timed out', { where: 'w1', problem: 'it hangs' })

test('a host that did not answer a moment ago is not asked, and is told as one that does not answer', async () => {
  const { asked, cluster } = given()
  const { evaluation } = await evaluateCluster(cluster, new Map([['w1', error]]))
  expect([...asked].sort()).toEqual(['cp1', 'w2'])
  expect(evaluation.unreachable.get('w1')).toBe(error)
  expect([...evaluation.graph.tasks.values()].filter(({ host }) => host === 'w1')).toEqual([])
  expect([...evaluation.graph.tasks.values()].filter(({ host }) => host === 'w2')).not.toEqual([])
})

test('a host that is gone for good is no failure, and the plan is one of the others', async () => {
  const { cluster } = given(['w1'])
  const { evaluation, hosts: planned } = await evaluateCluster(cluster, new Map([['w1', error]]))
  expect([...evaluation.unreachable.keys()]).toEqual([])
  expect(planned.map(({ name }) => name)).toEqual(['cp1', 'w2'])
  expect((await evaluateCluster(given(['w1']).cluster)).hosts).toHaveLength(3)
})

test('a rotation of the CA that is not under way has nothing to drop, and asks no host anything but its facts', async () => {
  const scripts: string[] = []
  const pool: SshPool = {
    async session(host) {
      const kubernetes = host === 'cp1' ? ['kubelet.conf', 'admin.conf', 'control-plane'] : ['kubelet.conf']
      const facts = factsText({ name: host, address: addresses.get(host)!, kubernetes, clock: Date.now() / 1000 })
      return {
        host,
        exchange: async ({ probes }) => {
          scripts.push(...probes.map(({ script }) => script))
          return { jobs: [], results: probes.map(() => ({ exitCode: 0, stdout: facts, stderr: '' })) }
        },
      }
    },
    exchanges: () => new Map(),
    async [Symbol.asyncDispose]() {},
  }
  const cluster = { ...given().cluster, operation: dropFormerCa, run: fakeRun(pool) } as ClusterRun
  const { evaluation } = await evaluateCluster(cluster)
  expect([evaluation.graph.tasks.size, evaluation.errors.size, scripts.length]).toEqual([0, 0, 3])
})
