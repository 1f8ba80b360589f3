import { describe, expect, test } from 'vitest'
import { firstControlPlaneHost, type HostFacts } from '../../src/index.ts'
import { clusterGraph, earlierThan, factsOf, specOf, waitsFor } from './given.ts'

type Ports = readonly number[]

const server = (name: string, more: object = {}) => ({
  name,
  address: `192.0.2.1${name.slice(2)}`,
  roles: ['control-plane'],
  ...more,
})

/** A control plane node that listens on these ports. `cutOff`: a killed change has taken its static pods away. */
function standing(name: string, ports: Ports, version = '1.36.4', cutOff = false): readonly [string, HostFacts] {
  const listening = [22, ...ports].map(port => ({ port, address: '0.0.0.0', process: 'any' }))
  const kubernetes = { kubeletConf: true, adminConf: true, controlPlane: true, kubelet: version }
  const pods = cutOff ? { formerApiServer: version } : { apiServer: version }
  return [name, factsOf(name, `192.0.2.1${name.slice(2)}`, { kubernetes: { ...kubernetes, ...pods }, listening })]
}

const all: Ports = [2379, 6443]
const servers = ['cp1', 'cp2', 'cp3'].map(name => server(name))
const kubernetes = { version: '1.36.4' }

const specWith = (cni: string, hosts: readonly object[] = servers) => specOf({ hosts, network: { cni }, kubernetes })

test.each([
  ['flannel', 'cp2'],
  ['calico', 'cp1'],
  ['cilium', 'cp1'],
])('%s is applied while the API server of the first node in the file is down', (cni, from) => {
  const known = new Map([standing('cp1', [2379]), standing('cp2', all), standing('cp3', all)])
  const graph = clusterGraph(specWith(cni), known)
  const applied = [...graph.tasks.values()].find(
    ({ resource, host }) => host === from && ['manifest', 'kustomization', 'helm release'].includes(resource.kind),
  )
  expect(applied).toBeDefined()
  // The node through which the cluster changes is in the first batch, and the one with the files waits for it.
  expect(waitsFor(graph, 'cp2/node:cp2').has(applied!.id)).toBe(from === 'cp2')
})

test('manifests that a killed change of arguments has taken out come back, whichever network there is', () => {
  const cutOff = standing('cp1', [2379], '1.36.4', true)
  for (const cni of ['flannel', 'calico', 'cilium']) {
    const graph = clusterGraph(specWith(cni), new Map([cutOff, standing('cp2', all), standing('cp3', all)]))
    expect([...graph.tasks.keys()]).toContain('cp1/static pods:former')
  }
})

test('a lost node goes when the static pods of another one are back, with which etcd may have a quorum again', () => {
  const hosts = [...servers.slice(0, 2), server('cp3', { state: 'absent' })]
  const spec = specOf({ hosts, kubernetes, etcd: { allowEvenMembers: true } })
  const known = new Map([standing('cp1', [2379, 6443]), standing('cp2', [], '1.35.8', true)])
  const graph = clusterGraph(spec, known)
  for (const id of ['cp1/drain:cp3', 'cp1/etcd member gone:cp3'])
    expect(waitsFor(graph, id).has('cp2/static pods:former' as never)).toBe(true)
})

test('a cluster is changed through a node whose API server and member of etcd run', () => {
  const spec = specWith('flannel')
  const known = new Map([standing('cp1', [6443]), standing('cp2', all), standing('cp3', [2379])])
  expect(firstControlPlaneHost(spec, known).name).toBe('cp2')
  known.delete('cp2')
  expect(firstControlPlaneHost(spec, known).name).toBe('cp1')
})

test.each([3, 5])('of %i nodes, one whose member of etcd is down does not keep a snapshot from being taken', count => {
  const names = Array.from({ length: count }, (_, at) => `cp${at + 1}`)
  const spec = specWith(
    'flannel',
    names.map(name => server(name)),
  )
  const known = new Map(names.map(name => standing(name, name === 'cp1' ? [6443] : all, '1.35.8')))
  expect([...clusterGraph(spec, known).tasks.keys()]).toContain('cp2/etcd snapshot:upgrade')
})

test('where no node has both, no other node waits for a snapshot', () => {
  const known = new Map([
    standing('cp1', [6443], '1.35.8'),
    standing('cp2', [2379], '1.35.8'),
    standing('cp3', [2379], '1.35.8'),
  ])
  expect([...clusterGraph(specWith('flannel'), known).tasks.keys()].filter(id => id.includes('snapshot:'))).toEqual([])
})

test('a cluster is made although a control plane host that is to leave does not answer', () => {
  const hosts = [server('cp1'), server('cp2', { state: 'absent' })]
  const graph = clusterGraph(specWith('flannel', hosts), new Map([['cp1', factsOf('cp1', '192.0.2.11')]]))
  const init = [...graph.tasks.keys()].find(id => id.includes('kubeadm init'))!
  const gone = [...graph.tasks.keys()].find(id => id.includes('etcd member gone:cp2'))!
  expect(waitsFor(graph, gone).has(init as never)).toBe(true)
})

describe('a control plane node that leaves and answers, and whose member of etcd serves nobody', () => {
  const leaving = [...servers.slice(0, 2), server('cp3', { state: 'absent' })]
  const etcd = { allowEvenMembers: true }
  const gone = 'cp1/etcd member gone:cp3'
  const standingAll = (cp3: readonly [string, HostFacts], version = '1.36.4') =>
    new Map([standing('cp1', all, version), standing('cp2', all, version), cp3])

  test.each([
    ['is down', standing('cp3', [6443], '1.35.8')],
    ['was taken away by a change that was cut off', standing('cp3', [2379], '1.35.8', true)],
  ])('leaves etcd before another member is stopped, if it %s', (_state, cp3) => {
    const graph = clusterGraph(specOf({ hosts: leaving, kubernetes, etcd }), standingAll(cp3, '1.35.8'))
    const before = earlierThan(graph, gone)
    for (const name of ['cp1', 'cp2']) {
      expect(earlierThan(graph, `${name}/kubeadm configuration:node`)).toContain(gone)
      expect(before).not.toContain(`${name}/kubeadm configuration:node`)
    }
    expect(before).toContain('cp1/etcd snapshot:removal')
  })

  test('leaves etcd before another one joins, and is drained, deleted and reset when that is well', () => {
    const spec = specOf({ hosts: [...leaving, server('cp4')], kubernetes })
    const known = new Map([...standingAll(standing('cp3', [6443])), ['cp4', factsOf('cp4', '192.0.2.14')]])
    const graph = clusterGraph(spec, known)
    const joined = 'cp4/kubeadm join:control plane'
    expect(earlierThan(graph, joined)).toContain(gone)
    const steps = [gone, joined, 'cp1/drain:cp3', 'cp1/node gone:cp3', 'cp3/kubeadm reset:node']
    for (const [at, id] of steps.slice(1).entries()) expect(earlierThan(graph, id)).toContain(steps[at])
  })

  test('leaves etcd before a minor on the way', () => {
    const graph = clusterGraph(
      specOf({ hosts: leaving, kubernetes, etcd }),
      standingAll(standing('cp3', [6443], '1.34.11'), '1.34.11'),
    )
    expect(earlierThan(graph, 'cp1/minor on the way:1.35.8')).toContain(gone)
    expect([...graph.tasks.keys()].filter(id => id.includes('/guard:'))).toEqual([])
  })

  test('is no voter that keeps an upgrade from beginning; one that runs is', () => {
    const guards = (known: ReadonlyMap<string, HostFacts>) =>
      [...clusterGraph(specOf({ hosts: leaving, kubernetes, etcd }), known).tasks.keys()].filter(id =>
        id.includes('/guard:'),
      )
    const version = '1.35.8'
    expect(guards(standingAll(standing('cp3', [6443], version), version))).toEqual([])
    expect(guards(standingAll(standing('cp3', all, version), version))).toEqual([])
    const half = new Map([
      standing('cp1', all, version),
      standing('cp2', [6443], version),
      standing('cp3', all, version),
    ])
    expect(guards(half)).toEqual(['cp1/guard:upgrade of etcd'])
  })

  test('is not passed by several minors while its own API server serves', () => {
    const old = '1.34.11'
    const graph = clusterGraph(
      specOf({ hosts: leaving, kubernetes, etcd }),
      standingAll(standing('cp3', all, old), old),
    )
    expect([...graph.tasks.keys()]).toContain('cp1/guard:upgrade through several minors')
  })

  test('waits for the static pods of another one that are put back', () => {
    const known = new Map([
      standing('cp1', all),
      standing('cp2', [], '1.35.8', true),
      standing('cp3', [6443], '1.35.8'),
    ])
    const graph = clusterGraph(specOf({ hosts: leaving, kubernetes, etcd }), known)
    expect(earlierThan(graph, gone)).toContain('cp2/static pods:former')
  })
})

test('a snapshot is taken when the static pods of its host are back, whose member is then asked', () => {
  const known = new Map([
    standing('cp1', all, '1.35.8', true),
    standing('cp2', [6443], '1.35.8'),
    standing('cp3', [6443], '1.35.8'),
  ])
  const graph = clusterGraph(specWith('flannel'), known)
  expect(waitsFor(graph, 'cp1/etcd snapshot:upgrade').has('cp1/static pods:former' as never)).toBe(true)
})
