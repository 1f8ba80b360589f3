import { expect, test, vi } from 'vitest'
import { healthScript } from '../../src/cli/status/health-probe.ts'
import { factsScript } from '../../src/engine/facts-script.ts'
import { endpointFacts, hostFacts } from '../../src/facts/index.ts'
import { type ClusterSpec, type Graph, type HostFacts, inventoryOf, type Task } from '../../src/index.ts'
import { checkHosts } from '../../src/preflight/index.ts'
import { wantedOf } from './every-probe.ts'
import { clusterGraph, facts, factsOf, specOf } from './given.ts'
import { other } from './other-distribution.ts'

vi.mock('../../distributions/index.ts', async () => {
  const { other: distribution } = await import('./other-distribution.ts')
  return { distributionOf: () => distribution }
})

const kubeadms = /kubeadm|\/etc\/kubernetes|admin\.conf|kubelet\.conf|\/usr\/local\/bin\/kubectl|kubelet\.service/

const hosts = [
  { name: 'cp1', address: '192.0.2.11', roles: ['control-plane'] },
  { name: 'cp2', address: '192.0.2.12', roles: ['control-plane'] },
  { name: 'cp3', address: '192.0.2.13', roles: ['control-plane'] },
  { name: 'w1', address: '192.0.2.21', roles: ['worker'], labels: { a: 'b' } },
]
const etcdHosts = ['e1', 'e2', 'e3'].map((name, index) => ({ name, address: `192.0.2.3${index}`, roles: ['etcd'] }))
const specs: readonly ClusterSpec[] = [
  specOf({ hosts }),
  specOf({ hosts: [...hosts, ...etcdHosts], etcd: { topology: 'external' }, network: { cni: 'calico' } }),
  specOf({ hosts, network: { cni: 'cilium' } }),
]

function graphOf(spec: ClusterSpec): Graph {
  return clusterGraph(spec, new Map(spec.hosts.map(({ name, address }) => [name, factsOf(name, address)])))
}

/** What a task does on a host that has nothing yet, and on one whose API server is silent, as far as it can be known. */
function scriptsOf({ resource }: Task): readonly string[] {
  const answers = ['', 'api=absent\n', 'api=unreachable\n', 'state=absent\nunproven=yes\n']
  return answers.flatMap(stdout => {
    try {
      const current: unknown = resource.probe.parse({ exitCode: 0, stdout, stderr: '' })
      const steps = resource.converge(current as never, wantedOf(resource.desired) as never)
      return steps.map(step => JSON.stringify(step, (_key, value) => (value instanceof Map ? [...value] : value)))
    } catch {
      // Its answers are of another form.
      return []
    }
  })
}

test.each(specs)(
  'a distribution with other files has nothing of kubeadm in what reaches its hosts: cluster %#',
  spec => {
    const { tasks, ephemerals } = graphOf(spec)
    const ready = [...tasks.values()].filter(({ resource }) => resource.kind === 'node')
    expect(ready.length).toBe(4)
    const wrong = [...tasks.values()].flatMap(task =>
      [task.resource.probe.script, ...scriptsOf(task)].filter(script => kubeadms.test(script)).map(() => task.id),
    )
    expect([...new Set(wrong)]).toEqual([])
    expect([...ephemerals.values()].filter(({ run }) => kubeadms.test(run))).toEqual([])
    expect([...tasks.values()].some(task => scriptsOf(task).some(script => script.includes('k3s.yaml')))).toBe(true)
  },
)

test('a distribution with other files is asked by none of kubeadm, for facts and for its health', () => {
  const asked = factsScript(hostFacts(other.facts), [endpointFacts('api.example:6443', other.api.ca)])
  // Programs of kubeadm's that lie there are other software for it.
  expect(asked.replace(/^for name in kubelet kubeadm .*$/m, '')).not.toMatch(/kubeadm|\/etc\/kubernetes/)
  for (const spec of specs) for (const host of spec.hosts) expect(healthScript(spec, host)).not.toMatch(kubeadms)
})

test('a distribution with other ports has these opened, and not those of kubeadm', () => {
  const [spec] = specs
  const { rules } = inventoryOf(spec!, other, new Map(facts)).openings(spec!.hosts[0]!)
  const ports = rules.map(rule => rule.ports?.first)
  expect(ports).toContain(20_250)
  expect(ports).not.toContain(10_250)
})

test('the programs of a distribution are no other software to itself', () => {
  const [spec] = specs
  const known = factsOf('cp1', '192.0.2.11')
  const remains = { ...known.remains, distributions: ['/usr/local/bin/k3s'] }
  const found = (of: typeof other) =>
    checkHosts({
      spec: spec!,
      distribution: of,
      facts: new Map<string, HostFacts>([['cp1', { ...known, remains }]]),
    }).map(({ check }) => check)
  expect(found(other)).toEqual([])
  expect(found({ ...other, ownPaths: [] })).toEqual(['otherSoftware'])
})
