import { describe, expect, test } from 'vitest'
import { dependenciesOf, type HostFacts, type TaskId } from '../../src/index.ts'
import { retold } from '../facts/printed.ts'
import { clusterGraph, facts, ofRole, specOf } from './given.ts'

const placement = 'cp1/cluster DNS:placement' as TaskId
const hosts = (...names: string[]): readonly object[] =>
  names.map((name, index) => ({
    name,
    address: `192.0.2.${11 + index}`,
    roles: [name.startsWith('cp') ? 'control-plane' : 'worker'],
  }))
const standing = (...names: string[]): ReadonlyMap<string, HostFacts> =>
  new Map(
    [...facts].map(([name, fact]) => {
      const isNode = names.includes(name)
      const isControlPlane = isNode && name === 'cp1'
      const kubernetes = { kubeletConf: isNode, adminConf: isControlPlane, controlPlane: isControlPlane }
      return [name, retold(fact, { kubernetes })]
    }),
  )

test('CoreDNS is to run on every node, or on none besides, as soon as there is a cluster', () => {
  const id = 'cp1/cluster DNS:every node' as TaskId
  for (const nodeDNS of [true, false]) {
    const graph = clusterGraph(specOf({ network: { nodeDNS } }), facts)
    expect(graph.tasks.get(id)?.resource.desired).toEqual({ wanted: nodeDNS })
    expect(dependenciesOf(graph).get(id)).toEqual([
      'cp1/kubeadm init:cluster',
      'cp1/kubeadm addons:cluster',
      'cp1/rollout:kube-proxy',
    ])
  }
})

describe('the placement of CoreDNS', () => {
  test.each<[string, Record<string, unknown>]>([
    ['has one node', { hosts: hosts('cp1') }],
    ['skips the phase that makes it', { kubernetes: { initConfiguration: { skipPhases: ['addon/coredns'] } } }],
    ['skips all addons', { kubernetes: { initConfiguration: { skipPhases: ['addon'] } } }],
    ['switches it off', { kubernetes: { clusterConfiguration: { dns: { disabled: true } } } }],
  ])('is nobody’s business in a cluster that %s', (_what, spec) => {
    expect([...clusterGraph(specOf(spec), facts).tasks.keys()]).not.toContain(placement)
  })

  test('is looked at without kube-proxy, too', () => {
    const spec = specOf({
      kubernetes: { initConfiguration: { skipPhases: ['addon/kube-proxy'] } },
      network: { cni: 'none' },
    })
    expect([...clusterGraph(spec, facts).tasks.keys()]).toContain(placement)
  })

  test('waits for all nodes of a new cluster, but in one that has two for none that joins', () => {
    const waitsFor = (known: ReadonlyMap<string, HostFacts>) => {
      const graph = clusterGraph(specOf(), known)
      return ofRole(graph, 'kubelet', dependenciesOf(graph).get(placement))
    }
    expect(waitsFor(facts)).toHaveLength(3)
    expect(waitsFor(standing('cp1'))).toHaveLength(3)
    expect(waitsFor(standing('cp1', 'w1'))).toEqual(['cp1/node:cp1', 'w1/node:w1'])
  })
})
