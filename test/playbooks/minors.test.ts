import { describe, expect, test } from 'vitest'
import { controlPlanePart } from '../../playbooks/control-plane-part.ts'
import { parseClusterFile } from '../../src/config/index.ts'
import type { ClusterSpec, Graph, HostFacts, TaskId } from '../../src/index.ts'
import { stateOf } from '../resources/state-of.ts'
import { clusterGraph, factsOf } from './given.ts'

const hosts = [
  { name: 'cp1', address: '192.0.2.11', roles: ['control-plane'] },
  { name: 'cp2', address: '192.0.2.12', roles: ['control-plane'] },
  { name: 'cp3', address: '192.0.2.13', roles: ['control-plane'] },
  { name: 'w1', address: '192.0.2.21', roles: ['worker'] },
]
const servers = ['cp1', 'cp2', 'cp3']
const sums = { from: 'dl.k8s.io', amd64: 'a'.repeat(64) }

/** A cluster file that wants this version; the lock file knows 1.37.2 and 1.38.1, which the catalog does not have. */
function specFor(version: string, more: object = {}): ClusterSpec {
  const document = {
    apiVersion: 'evcctl.dev/v1alpha1',
    kind: 'Cluster',
    metadata: { name: 'edge-seoul' },
    spec: { hosts, kubernetes: { version }, ...more },
  }
  const programs = { '1.37.2': sums, '1.38.1': sums }
  const images = { etcd: '3.7.0-0', coredns: 'v1.14.6', pause: '3.10.2' }
  const lock = {
    artifacts: { kubelet: programs, kubeadm: programs, kubectl: programs, etcd: { '3.7.0': sums } },
    kubeadm: { '1.38.1': images },
  }
  return parseClusterFile(JSON.stringify(document), 'cluster.yaml', { lock })
}

type Standing = Partial<HostFacts['kubernetes']>

/** Facts of nodes: the version of API server and kubelet, or what differs from that. */
function factsWith(all: string, other: Readonly<Record<string, Standing>> = {}): Map<string, HostFacts> {
  return new Map(
    hosts.map(({ name, address, roles }) => {
      const isServer = roles.includes('control-plane')
      const kubernetes = {
        kubeletConf: true,
        adminConf: isServer,
        controlPlane: isServer,
        kubelet: all,
        ...(isServer ? { apiServer: all } : {}),
        ...other[name],
      }
      const listening = isServer ? [{ port: 2379, address: '::', process: 'etcd' }] : []
      return [name, factsOf(name, address, { kubernetes, listening })]
    }),
  )
}

const passesIn = ({ tasks }: Graph) =>
  [...tasks.values()].filter(({ resource }) => resource.kind === 'minor on the way').map(({ id }) => id)
const pass = (name: string, version: string) => `${name}/minor on the way:${version}`

/** What must be done before a task writes: all that it waits for, or is held back by. */
function earlierThan(graph: Graph, id: string): ReadonlySet<string> {
  const found = new Set<string>()
  const visit = (to: string): void => {
    for (const edge of graph.edges) {
      if (edge.to !== to || found.has(edge.from)) continue
      found.add(edge.from)
      visit(edge.from)
    }
  }
  visit(id)
  return found
}

function refusalOf(graph: Graph, name: string) {
  const task = graph.tasks.get(`cp1/guard:${name}` as TaskId)
  return task?.resource.diff(stateOf(task.resource, ''), {}, { watched: [] })?.refused
}

describe('an upgrade over two minors', () => {
  const graph = clusterGraph(specFor('1.36.4'), factsWith('1.34.11'))

  test('brings the API servers to the minor between, one after the other', () => {
    expect(passesIn(graph)).toEqual(servers.map(name => pass(name, '1.35.8')))
    expect(earlierThan(graph, pass('cp2', '1.35.8'))).toContain(pass('cp1', '1.35.8'))
    expect(earlierThan(graph, pass('cp3', '1.35.8'))).toContain(pass('cp2', '1.35.8'))
  })

  test('goes on to the wanted version when all of them have the minor between', () => {
    for (const name of servers) {
      const earlier = earlierThan(graph, `${name}/kubeadm configuration:node`)
      for (const server of servers) expect(earlier).toContain(pass(server, '1.35.8'))
    }
  })

  test('begins when nothing refuses it, all nodes have its downloads, and a snapshot of etcd is taken', () => {
    const earlier = earlierThan(graph, pass('cp1', '1.35.8'))
    expect(earlier).toContain('cp1/upgrade check:1.36.4')
    expect(earlier).toContain('cp1/etcd snapshot:upgrade')
    for (const name of servers) {
      expect(earlier).toContain(`${name}/download:kubeadm 1.35.8`)
      expect(earlier).toContain(`${name}/images:Kubernetes 1.35.8`)
    }
    expect(earlier).toContain('w1/download:kubelet')
  })

  test('fetches no image of an addon, nor anything for workers, of the minor between', () => {
    const wanted = graph.tasks.get('cp2/images:Kubernetes 1.35.8' as TaskId)!.resource.desired
    expect(wanted).toEqual({
      images: [
        ...['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map(one => `registry.k8s.io/${one}:v1.35.8`),
        'registry.k8s.io/pause:3.10.1',
        'registry.k8s.io/etcd:3.6.6-0',
      ],
    })
    expect([...graph.tasks.keys()].filter(id => id.startsWith('w1/') && id.includes('1.35.8'))).toEqual([])
  })

  test('drains each node once, for its last kubelet', () => {
    const drains = [...graph.tasks.values()].filter(({ resource }) => resource.kind === 'drain')
    expect(drains.map(({ resource }) => resource.name)).toEqual(['cp1', 'cp2', 'cp3', 'w1'])
    for (const name of servers) expect(earlierThan(graph, `${name}/artifact:kubelet`)).toContain(pass('cp3', '1.35.8'))
  })

  test('does not wait for workers where only the control plane is upgraded', () => {
    const part = controlPlanePart(graph, specFor('1.36.4').hosts)
    expect(passesIn(part)).toEqual(passesIn(graph))
  })

  test('is not refused', () => {
    for (const name of ['cp1', 'cp2']) {
      const { resource } = graph.tasks.get(`${name}/kubeadm configuration:node` as TaskId)!
      const current = stateOf(resource, 'joined=yes\nversion=1.34.11\n')
      if (name === 'cp2') expect(resource.diff(current, resource.desired, { watched: [] })?.refused).toBeUndefined()
    }
    expect([...graph.tasks.keys()].filter(id => id.includes('/guard:'))).toEqual([])
  })
})

describe('an upgrade over three minors', () => {
  const graph = clusterGraph(specFor('1.37.2'), factsWith('1.34.11'))

  test('gives no API server the second minor on the way before all have the first', () => {
    expect(passesIn(graph)).toEqual(['1.35.8', '1.36.4'].flatMap(version => servers.map(name => pass(name, version))))
    expect(earlierThan(graph, pass('cp1', '1.36.4'))).toContain(pass('cp3', '1.35.8'))
  })
})

describe('an upgrade that was cut off', () => {
  const passesFrom = (version: string, other: Readonly<Record<string, Standing>>) =>
    passesIn(clusterGraph(specFor(version), factsWith('1.34.11', other)))

  test.each<readonly [string, readonly string[], readonly string[]]>([
    ['before the first node was done', ['1.34.11', '1.34.11', '1.34.11'], servers.map(name => pass(name, '1.35.8'))],
    ['after the second', ['1.34.11', '1.35.8', '1.34.11'], ['cp1', 'cp3'].map(name => pass(name, '1.35.8'))],
    ['before the last one', ['1.35.8', '1.35.8', '1.34.11'], [pass('cp3', '1.35.8')]],
    ['when all had the minor between', ['1.35.8', '1.35.8', '1.35.8'], []],
    ['on the way to the wanted version', ['1.36.4', '1.35.8', '1.35.8'], []],
  ])('%s has the rest', (_when, versions, rest) => {
    const other = Object.fromEntries(servers.map((name, index) => [name, { apiServer: versions[index]! }]))
    expect(passesFrom('1.36.4', other)).toEqual(rest)
  })

  test('with a node ahead has that one wait in the next minor', () => {
    expect(passesFrom('1.37.2', { cp2: { apiServer: '1.35.8' } })).toEqual([
      ...['cp1', 'cp3'].map(name => pass(name, '1.35.8')),
      ...servers.map(name => pass(name, '1.36.4')),
    ])
  })

  test('after new manifests were in place has that node again, since its former ones are put back', () => {
    const cutOff = { apiServer: '1.35.8', formerApiServer: '1.34.11' }
    const done = { apiServer: '1.35.8' }
    expect(passesFrom('1.36.4', { cp1: done, cp2: cutOff, cp3: done })).toEqual([pass('cp2', '1.35.8')])
    const graph = clusterGraph(specFor('1.37.2'), factsWith('1.34.11', { cp2: { ...cutOff, apiServer: '1.34.11' } }))
    for (const id of passesIn(graph)) expect(earlierThan(graph, id)).toContain('cp2/static pods:former')
  })
})

describe('the version on the way', () => {
  test('is the newest patch that the checksums of the file have, else that of lock file and catalog', () => {
    const spec = specFor('1.36.4')
    const checksums = {
      'v1.35.3/bin/linux/amd64/kubeadm': 'b'.repeat(64),
      'dl.k8s.io/release/v1.35.4/bin/linux/amd64/kubeadm': 'b'.repeat(64),
      'dl.k8s.io/release/v1.36.1/bin/linux/amd64/kubeadm': 'b'.repeat(64),
    }
    const graph = clusterGraph({ ...spec, artifacts: { ...spec.artifacts, checksums } }, factsWith('1.34.11'))
    expect(passesIn(graph)).toEqual(servers.map(name => pass(name, '1.35.4')))
    expect(passesIn(clusterGraph(specFor('1.38.1'), factsWith('1.36.4')))).toEqual(
      servers.map(name => pass(name, '1.37.2')),
    )
  })

  test('is none where nothing is known of the minor: the next version to go to is named', () => {
    const spec = specFor('1.38.1')
    const artifacts = {
      ...spec.artifacts,
      locked: Object.fromEntries(
        Object.entries(spec.artifacts.locked ?? {}).filter(([path]) => !path.includes('1.37.2')),
      ),
    }
    const graph = clusterGraph({ ...spec, artifacts }, factsWith('1.36.4'))
    expect(passesIn(graph)).toEqual([])
    const { resource } = graph.tasks.get('cp2/kubeadm configuration:node' as TaskId)!
    const current = stateOf(resource, 'joined=yes\nversion=1.36.4\n')
    expect(resource.diff(current, resource.desired, { watched: [] })?.refused?.expected).toContain('1.37.x')
  })
})

describe('is refused', () => {
  test('an upgrade over more minors than kubelets may lag behind, with the version to stop at', () => {
    const graph = clusterGraph(specFor('1.38.1'), factsWith('1.34.11'))
    expect(refusalOf(graph, 'kubelets that are too old')).toMatchObject({
      actual: `1.38.1; kubelets: ${hosts.map(({ name }) => `${name} (1.34.11)`).join(', ')}`,
      next: 'Set spec.kubernetes.version to a version 1.37.x and apply, so that all nodes have it; then go on from there.',
    })
  })

  test('an upgrade of the control plane that leaves a worker more than three minors behind', () => {
    const graph = clusterGraph(specFor('1.38.1'), factsWith('1.37.2', { w1: { kubelet: '1.34.11' } }))
    expect(refusalOf(graph, 'kubelets that are too old')?.actual).toBe('1.38.1; kubelets: w1 (1.34.11)')
    const inTime = clusterGraph(specFor('1.37.2'), factsWith('1.36.4', { w1: { kubelet: '1.34.11' } }))
    expect(refusalOf(inTime, 'kubelets that are too old')).toBeUndefined()
  })

  test('a way through minors while a control plane node cannot follow', () => {
    const known = factsWith('1.34.11')
    known.delete('cp3')
    const [, address] = ['cp2', '192.0.2.12']
    const { kubernetes } = known.get('cp2')!
    const listening = [{ port: 22, address: '::', process: 'sshd' }]
    known.set('cp2', factsOf('cp2', address!, { kubernetes, listening }))
    const refused = refusalOf(clusterGraph(specFor('1.36.4'), known), 'upgrade through several minors')
    expect(refused?.actual).toBe('cp2: its member of etcd is down, cp3: does not answer')
    // One minor is no such way: a node that is switched off follows in the next run.
    expect(refusalOf(clusterGraph(specFor('1.35.8'), known), 'upgrade through several minors')).toBeUndefined()
    // The others are at the end of the way, where no API server that answers is behind any more.
    const half = factsWith('1.34.11', { cp1: { apiServer: '1.35.8' }, cp2: { apiServer: '1.35.8' } })
    half.delete('cp3')
    expect(refusalOf(clusterGraph(specFor('1.36.4'), half), 'upgrade through several minors')).toMatchObject({
      actual: 'cp3: does not answer',
    })
    half.set('cp3', factsWith('1.34.11', { cp3: { apiServer: '1.35.8' } }).get('cp3')!)
    expect(refusalOf(clusterGraph(specFor('1.36.4'), half), 'upgrade through several minors')).toBeUndefined()
  })

  test('a key that a kubeadm on the way does not know', () => {
    const external = { endpoints: ['https://192.0.2.31:2379'], httpEndpoints: ['http://192.0.2.31:2381'] }
    const spec = specFor('1.36.4')
    const kubernetes = { ...spec.kubernetes, clusterConfiguration: { etcd: { external } } }
    const artifacts = { ...spec.artifacts, checksums: { 'v1.34.9/bin/linux/amd64/kubeadm': 'b'.repeat(64) } }
    const graph = clusterGraph({ ...spec, kubernetes, artifacts }, factsWith('1.33.0'))
    expect(refusalOf(graph, 'keys that a version on the way does not know')).toMatchObject({
      where: 'cluster.yaml',
      actual: 'spec.kubernetes.clusterConfiguration.etcd.external.httpEndpoints (1.34.9)',
    })
  })
})

test("the user's own gate decides between two nodes on the way, and before the wanted version", () => {
  const gate = { command: './check.sh', timeout: '5m' }
  const graph = clusterGraph(specFor('1.36.4', { rollout: { gate } }), factsWith('1.34.11'))
  const inside = (batch: number) =>
    graph.edges
      .filter(({ from, enter }) => from === `cp1/gate:after batch ${batch} of 1.35.8` && enter === true)
      .map(({ to }) => to)
  expect([1, 2, 3].map(inside)).toEqual([
    [pass('cp2', '1.35.8')],
    [pass('cp3', '1.35.8')],
    ['cp1/kubeadm configuration:node'],
  ])
})
