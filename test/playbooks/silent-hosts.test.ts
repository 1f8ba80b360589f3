import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import { inventoryOf, networkLeftOut } from '../../src/cluster/index.ts'
import { type ClusterSpec, type Graph, type HostFacts, Output } from '../../src/index.ts'
import { clusterGraph, factsOf, specOf } from './given.ts'

const worker = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    name: `w${index + 1}`,
    address: `192.0.2.${21 + index}`,
    roles: ['worker'],
  }))
const controlPlane = ['cp1', 'cp2', 'cp3'].map((name, index) => ({
  name,
  address: `192.0.2.${11 + index}`,
  roles: ['control-plane'],
}))
const etcd = ['e1', 'e2', 'e3'].map((name, index) => ({ name, address: `192.0.2.${91 + index}`, roles: ['etcd'] }))

const clusters: readonly (readonly [string, ClusterSpec])[] = [
  ['flannel', specOf({ hosts: [...controlPlane, ...worker(14)] })],
  ['calico', specOf({ hosts: [...controlPlane, ...worker(3)], network: { cni: 'calico' } })],
  ['cilium', specOf({ hosts: [...controlPlane, ...worker(3)], network: { cni: 'cilium' } })],
  ['an external etcd', specOf({ hosts: [...controlPlane, ...worker(2), ...etcd], etcd: { topology: 'external' } })],
]

/** Facts of a standing cluster. */
function standing(spec: ClusterSpec): ReadonlyMap<string, HostFacts> {
  return new Map(
    spec.hosts.map(host => {
      const isControlPlane = host.roles.includes('control-plane')
      const isEtcd = host.roles.includes('etcd')
      return [
        host.name,
        factsOf(host.name, host.address, {
          kubernetes: { kubeletConf: !isEtcd, adminConf: isControlPlane, controlPlane: isControlPlane },
          etcd: { data: isEtcd ? 'formed' : 'none', own: isEtcd, ca: host.name === 'e1', client: isControlPlane },
        }),
      ]
    }),
  )
}

// What these want is in the cluster and not on the host that asks for it.
const inTheCluster = new Set([
  'kubeadm init',
  'kubeadm configuration',
  'kubeadm addons',
  'ephemeral values',
  'manifest',
  'rollout',
  'barrier',
  'cluster DNS',
])
const ofNodes = new Set(['labels and taints', 'pod network', 'settled network', 'etcd', 'uncordon'])

// What these want follows from who answers: peers are looked at below, members are planned from what the hosts tell.
const derived = new Set(['network check', 'etcd member'])

/** What is to be on the disks of the hosts: host, kind and name, with all that is wanted of it. */
function onDisk(graph: Graph): ReadonlyMap<string, string> {
  return new Map(
    [...graph.tasks.values()]
      .filter(({ resource: { kind } }) => !inTheCluster.has(kind) && !ofNodes.has(kind))
      .map(({ host, resource: { kind, name, desired, probe } }) => [
        `${host} ${kind} ${name}`,
        JSON.stringify(derived.has(kind) ? {} : { desired, script: probe.script }, (_key, value) =>
          value instanceof Output ? 'of another task' : value,
        ),
      ]),
  )
}

function peersIn(graph: Graph): ReadonlyMap<string, readonly string[]> {
  return new Map(
    [...graph.tasks.values()]
      .filter(({ resource }) => resource.kind === 'network check')
      .map(({ host, resource }) => [
        host,
        (resource.desired as { peers: { node: string; address: string }[] }).peers.map(peer => peer.node),
      ]),
  )
}

describe.each(clusters)('of a standing cluster with %s, whichever hosts do not answer', (_name, spec) => {
  const facts = standing(spec)
  const all = clusterGraph(spec, facts)
  const wanted = onDisk(all)
  const peers = peersIn(all)
  const subset = fc
    .subarray(spec.hosts.map(({ name }) => name))
    // One control plane node has to answer, and the etcd host that signs.
    .filter(silent => !['cp1', 'cp2', 'cp3'].every(name => silent.includes(name)) && !silent.includes('e1'))

  test('the others are to have what they have', () => {
    fc.assert(
      fc.property(subset, silent => {
        const graph = clusterGraph(spec, new Map([...facts].filter(([name]) => !silent.includes(name))))
        for (const [thing, content] of onDisk(graph)) expect([thing, content]).toEqual([thing, wanted.get(thing)])
        for (const [node, names] of peersIn(graph)) {
          expect(peers.get(node), `peers of ${node}`).toEqual(expect.arrayContaining([...names]))
        }
      }),
      { numRuns: 60 },
    )
  })
})

test('a network that is set up from a host that does not answer is said to be left as it is', () => {
  for (const [cni, spec] of clusters) {
    const without = new Map([...standing(spec)].filter(([name]) => name !== 'cp1'))
    const kept = cni === 'calico' || cni === 'cilium'
    expect(
      networkLeftOut(inventoryOf(spec, kubeadm, without))?.text.startsWith(`cp1 sets up ${cni} and does not answer`),
    ).toBe(kept ? true : undefined)
    expect(networkLeftOut(inventoryOf(spec, kubeadm, standing(spec)))).toBeUndefined()
    const { tasks } = clusterGraph(spec, without)
    const ids = [...tasks.keys()]
    expect([...tasks.values()].filter(({ role }) => /calico|cilium/.test(role))).toEqual([])
    // The nodes are still to be Ready, and their pods to reach each other.
    expect(ids).toContain('cp2/network check:cp2')
    expect(ids).toContain('w1/node:w1')
  }
})

test('a first control plane node that is back without a cluster sets up the network when it has joined again', () => {
  const [, spec] = clusters[2]!
  const graph = clusterGraph(spec, new Map([...standing(spec), ['cp1', factsOf('cp1', '192.0.2.11')]]))
  const named = (part: string) => [...graph.tasks.keys()].find(id => id.includes(part))
  const settled = named('/settled network:')
  const joined = 'cp1/kubeadm join:control plane'
  expect(graph.edges).toContainEqual({ from: joined, to: settled, watch: false })
  expect(graph.edges).toContainEqual({ from: settled, to: named('cp1/helm release:'), watch: false })
})
