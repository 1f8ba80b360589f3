import { describe, expect, test } from 'vitest'
import type { Graph, HostFacts } from '../../src/index.ts'
import type { Told } from '../facts/printed.ts'
import { clusterGraph, factsOf, specOf } from './given.ts'

const addresses: Readonly<Record<string, string>> = {
  cp1: '192.0.2.11',
  cp2: '192.0.2.12',
  e1: '192.0.2.31',
  w1: '192.0.2.21',
}
const rolesOf = (name: string) => (name.startsWith('cp') ? 'control-plane' : name === 'e1' ? 'etcd' : 'worker')

/** A node with Kubernetes 1.35.8. `etcd`: whether its member runs. */
function tells(name: string, etcd: boolean): Told {
  const isServer = name.startsWith('cp')
  const listening = etcd
    ? [{ port: 2379, address: '::', process: 'etcd' }]
    : [{ port: 22, address: '::', process: 'sshd' }]
  if (name === 'e1') return { listening, etcd: { data: 'formed', own: true, ca: true, client: false } }
  const kubernetes = { kubeletConf: true, adminConf: isServer, controlPlane: isServer, kubelet: '1.35.8' }
  return { listening, kubernetes: { ...kubernetes, ...(isServer ? { apiServer: '1.35.8' } : {}) } }
}

interface Given {
  readonly hosts: readonly string[]
  readonly absent?: readonly string[]
  /** Hosts whose member of etcd does not run. */
  readonly down?: readonly string[]
  readonly spec?: Record<string, unknown>
}

function graphOf({ hosts, absent = [], down = [], spec = {} }: Given): Graph {
  const entries = hosts.map(name => ({
    name,
    address: addresses[name]!,
    roles: [rolesOf(name)],
    ...(absent.includes(name) ? { state: 'absent' } : {}),
  }))
  const known = new Map<string, HostFacts>(
    hosts.map(name => [
      name,
      factsOf(name, addresses[name]!, tells(name, rolesOf(name) !== 'worker' && !down.includes(name))),
    ]),
  )
  const etcd = { allowEvenMembers: true }
  return clusterGraph(specOf({ etcd, kubernetes: { version: '1.35.8' }, ...spec, hosts: entries }), known)
}

const newer = { kubernetes: { version: '1.36.4' } }
const snapshotsIn = ({ tasks }: Graph) =>
  [...tasks.values()].filter(({ resource }) => resource.kind === 'etcd snapshot').map(({ id }) => id)
const insideOf = ({ edges }: Graph, id: string) =>
  edges.filter(({ from, enter }) => from === id && enter).map(({ to }) => to)

describe('a snapshot of etcd', () => {
  test('comes before the first API server gets another version, on the node that changes first', () => {
    const graph = graphOf({ hosts: ['cp1', 'cp2', 'w1'], spec: newer })
    expect(snapshotsIn(graph)).toEqual(['cp1/etcd snapshot:upgrade'])
    expect(insideOf(graph, 'cp1/etcd snapshot:upgrade')).toEqual([
      'cp1/kubeadm configuration:node',
      'cp2/kubeadm configuration:node',
    ])
    const before = graph.edges.filter(({ to }) => to === 'cp1/etcd snapshot:upgrade').map(({ from }) => from)
    expect(before.sort()).toEqual(['cp1/artifact:etcd-tools', 'cp1/file:/usr/local/sbin/evcctl-etcd-snapshot'])
  })

  test('comes before nodes leave', () => {
    const graph = graphOf({ hosts: ['cp1', 'cp2', 'w1'], absent: ['w1', 'cp2'] })
    expect(snapshotsIn(graph)).toEqual(['cp1/etcd snapshot:removal'])
    const inside = insideOf(graph, 'cp1/etcd snapshot:removal')
    for (const id of ['cp1/drain:w1', 'cp1/drain:cp2', 'cp1/etcd member gone:cp2', 'cp1/node gone:w1'])
      expect(inside).toContain(id)
  })

  test('comes before another etcd is installed on hosts of its own, on one of these', () => {
    const etcd = { topology: 'external' }
    const graph = graphOf({ hosts: ['cp1', 'e1', 'w1'], spec: { ...newer, etcd } })
    expect(snapshotsIn(graph)).toEqual(['e1/etcd snapshot:upgrade', 'e1/etcd snapshot:etcd'])
    expect(insideOf(graph, 'e1/etcd snapshot:etcd')).toEqual(['e1/artifact:etcd'])
  })

  test('is taken from a member that runs, and of none where none runs', () => {
    expect(snapshotsIn(graphOf({ hosts: ['cp1', 'cp2'], down: ['cp1'], spec: newer }))).toEqual([
      'cp2/etcd snapshot:upgrade',
    ])
    expect(snapshotsIn(graphOf({ hosts: ['cp1', 'cp2'], down: ['cp1', 'cp2'], spec: newer }))).toEqual([])
  })

  test('is not taken where nothing of this kind changes, and not where cluster.yaml wants none', () => {
    expect(snapshotsIn(graphOf({ hosts: ['cp1', 'cp2', 'w1'] }))).toEqual([])
    const etcd = { backup: { beforeChanges: false }, allowEvenMembers: true }
    expect(snapshotsIn(graphOf({ hosts: ['cp1', 'cp2', 'w1'], spec: { ...newer, etcd } }))).toEqual([])
  })
})
