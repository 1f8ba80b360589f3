import { describe, expect, test } from 'vitest'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import { cluster } from '../../playbooks/cluster.ts'
import { type HostFacts, inventoryOf, type TaskId } from '../../src/index.ts'
import { nodesAnswered } from '../resources/api-given.ts'
import { clusterGraph, facts, factsOf, ofRole, specOf, waitsFor } from './given.ts'

const addresses = { cp1: '192.0.2.11', cp2: '192.0.2.12', cp3: '192.0.2.13', cp4: '192.0.2.14' } as const
const workers = { w1: '192.0.2.21', w2: '192.0.2.22', w3: '192.0.2.23', w4: '192.0.2.24', w5: '192.0.2.25' } as const
const all = { ...addresses, ...workers }
type Name = keyof typeof all

interface Given {
  readonly absent: readonly Name[]
  /** Hosts of the file; default: all but cp4. */
  readonly hosts?: readonly Name[]
  /** Hosts that do not answer. */
  readonly silent?: readonly Name[]
  /** Hosts that are no nodes yet. */
  readonly fresh?: readonly Name[]
  readonly spec?: Record<string, unknown>
}

const usual = Object.keys(all).filter(name => name !== 'cp4') as Name[]

function graphOf({ absent, hosts = usual, silent = [], fresh = [], spec = {} }: Given) {
  const isServer = (name: string) => name.startsWith('cp')
  const entries = hosts.map(name => ({
    name,
    address: all[name],
    roles: [isServer(name) ? 'control-plane' : 'worker'],
    ...(absent.includes(name) ? { state: 'absent' } : {}),
  }))
  const known = new Map<string, HostFacts>(
    hosts
      .filter(name => !silent.includes(name))
      .map(name => {
        const kubernetes = { kubeletConf: true, adminConf: isServer(name), controlPlane: isServer(name) }
        return [name, factsOf(name, all[name], fresh.includes(name) ? {} : { kubernetes })]
      }),
  )
  const etcd = { allowEvenMembers: true }
  return clusterGraph(specOf({ etcd, ...spec, hosts: entries }), known)
}

/** The tasks about a node, in the order in which they run. */
const stepsOf = (first: string, name: string): readonly string[] => [
  `${first}/drain:${name}`,
  `${first}/etcd member gone:${name}`,
  `${first}/node gone:${name}`,
]

describe('a control plane node that leaves', () => {
  test('is drained, leaves etcd, is deleted and then reset; the first one is a node like any other', () => {
    const graph = graphOf({ absent: ['cp1'] })
    const inOrder = [...stepsOf('cp2', 'cp1'), 'cp1/kubeadm reset:node', 'cp1/absent:/run/flannel/subnet.env']
    for (const [index, id] of inOrder.slice(1).entries()) expect([...waitsFor(graph, id)]).toContain(inOrder[index])
    // Nothing else is done on it.
    expect([...graph.tasks.keys()].filter(id => id.startsWith('cp1/'))).toEqual([
      'cp1/kubeadm reset:node',
      'cp1/absent:/run/flannel/subnet.env',
      'cp1/absent:/etc/cni/net.d/10-flannel.conflist',
    ])
  })

  test('is touched only when no proxy of another node asks it any more', () => {
    const graph = graphOf({ absent: ['cp1'] })
    const before = waitsFor(graph, 'cp2/drain:cp1')
    for (const name of usual.filter(one => one !== 'cp1'))
      expect([...before]).toContain(`${name}/unit:evcctl-nginx-proxy.service`)
  })

  test('leaves when the one before it is gone, and before the workers', () => {
    const graph = graphOf({ absent: ['cp1', 'cp2', 'w5'] })
    expect([...waitsFor(graph, 'cp3/drain:cp2')]).toContain('cp3/node gone:cp1')
    expect([...waitsFor(graph, 'cp3/drain:w5')]).toContain('cp3/node gone:cp2')
  })

  test('stays until those that take its place have joined, unless it does not answer: then it goes first', () => {
    const hosts = [...usual, 'cp4'] as const
    const alive = graphOf({ absent: ['cp1'], hosts, fresh: ['cp4'] })
    expect([...waitsFor(alive, 'cp2/drain:cp1')]).toContain('cp4/kubeadm join:control plane')
    const dead = graphOf({ absent: ['cp1'], hosts, fresh: ['cp4'], silent: ['cp1'] })
    expect([...waitsFor(dead, 'cp4/kubeadm join:control plane')]).toContain('cp2/etcd member gone:cp1')
    expect([...waitsFor(dead, 'cp2/drain:cp1')]).not.toContain('cp4/kubeadm join:control plane')
    expect([...dead.tasks.keys()].filter(id => id.startsWith('cp1/'))).toEqual([])
  })

  test('has no member to remove where etcd has hosts of its own', () => {
    const hosts = [
      { name: 'cp1', address: '192.0.2.11', roles: ['control-plane'], state: 'absent' },
      { name: 'cp2', address: '192.0.2.12', roles: ['control-plane'] },
      { name: 'e1', address: '192.0.2.31', roles: ['etcd'] },
    ]
    const kubernetes = { kubeletConf: true, adminConf: true, controlPlane: true }
    const facts = new Map([
      ['cp1', factsOf('cp1', '192.0.2.11', { kubernetes })],
      ['cp2', factsOf('cp2', '192.0.2.12', { kubernetes })],
      ['e1', factsOf('e1', '192.0.2.31', { etcd: { data: 'formed', own: true, ca: true, client: false } })],
    ])
    const graph = clusterGraph(specOf({ hosts, etcd: { topology: 'external' } }), facts)
    expect(ofRole(graph, 'remove-nodes')).toEqual(['cp2/drain:cp1', 'cp2/node gone:cp1', 'cp1/kubeadm reset:node'])
  })
})

describe('workers that leave', () => {
  const absent = ['w2', 'w3', 'w4', 'w5'] as const

  test('go one first, then as many at a time as may be unavailable', () => {
    const graph = graphOf({ absent, spec: { rollout: { maxUnavailable: 2 } } })
    const before = (name: string) =>
      [...waitsFor(graph, `cp1/drain:${name}`)]
        .filter(id => id.startsWith('cp1/node gone:'))
        .map(id => id.slice('cp1/node gone:'.length))
    expect(absent.map(name => before(name).sort())).toEqual([[], ['w2'], ['w2'], ['w2', 'w3', 'w4']])
  })

  test('are let in by the firewalls of the others until they are gone', () => {
    const graph = graphOf({ absent: ['w5'] })
    const closing = ofRole(graph, 'close-firewalls')
    expect(closing).toEqual(usual.filter(name => name !== 'w5').map(name => `${name}/firewall:closing`))
    for (const id of closing) expect([...waitsFor(graph, id)]).toContain('cp1/node gone:w5')
    // One host first.
    expect([...waitsFor(graph, 'w1/firewall:closing')]).toContain('cp1/firewall:closing')
  })
})

test('a member of an etcd on hosts of its own is let in until it has left', () => {
  const hosts = [
    { name: 'cp1', address: '192.0.2.11', roles: ['control-plane'] },
    { name: 'e1', address: '192.0.2.31', roles: ['etcd'] },
    { name: 'e2', address: '192.0.2.32', roles: ['etcd'], state: 'absent' },
  ]
  const kubernetes = { kubeletConf: true, adminConf: true, controlPlane: true }
  const known = new Map([
    ['cp1', factsOf('cp1', '192.0.2.11', { kubernetes })],
    ['e1', factsOf('e1', '192.0.2.31', { etcd: { data: 'formed', own: true, ca: true, client: false } })],
    ['e2', factsOf('e2', '192.0.2.32', { etcd: { data: 'formed', own: true, ca: false, client: false } })],
  ])
  const graph = clusterGraph(specOf({ hosts, etcd: { topology: 'external' } }), known)
  expect([...waitsFor(graph, 'e1/firewall:closing')]).toContain('e1/etcd members:former')
  expect([...graph.tasks.keys()].filter(id => id.startsWith('e2/'))).toEqual([])
})

test('a node that the file does not have leaves in the same way, and plan says what stays on its machine', () => {
  const strays = [
    { name: 'cp9', isControlPlane: true },
    { name: 'w9', isControlPlane: false },
  ]
  const kubernetes = { kubeletConf: true, adminConf: true, controlPlane: true }
  const known = new Map([...facts, ['cp1', factsOf('cp1', '192.0.2.11', { kubernetes })]])
  const graph = cluster(inventoryOf(specOf(), kubeadm, known, undefined, strays))
  expect(ofRole(graph, 'remove-nodes').sort()).toEqual(
    [...stepsOf('cp1', 'cp9'), 'cp1/drain:w9', 'cp1/node gone:w9'].sort(),
  )
  const { resource } = graph.tasks.get('cp1/node gone:w9' as TaskId)!
  const there = resource.probe.parse(nodesAnswered({ metadata: { name: 'w9' } }))
  expect(resource.diff(there, {}, { watched: [] })?.note).toBe(
    'the file does not have its host, so what is on it stays; on the host: kubeadm reset',
  )
})

test('a cluster from which nothing leaves has none of these tasks', () => {
  const graph = graphOf({ absent: [] })
  expect([...ofRole(graph, 'remove-nodes'), ...ofRole(graph, 'close-firewalls')]).toEqual([])
})
