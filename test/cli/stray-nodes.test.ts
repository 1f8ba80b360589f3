import { describe, expect, test } from 'vitest'
import { strayNodes } from '../../src/cli/run/stray-nodes.ts'
import type { TaskId } from '../../src/core/index.ts'
import { nodeLabels } from '../../src/resources/api/index.ts'
import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'
import { clusterGraph, facts, specOf } from '../playbooks/given.ts'
import { nodesAnswered, unreachable } from '../resources/api-given.ts'

const spec = specOf({
  hosts: [
    { name: 'cp1', address: '192.0.2.11', roles: ['control-plane'] },
    { name: 'w1', address: '192.0.2.21', roles: ['worker'] },
    { name: 'w2', address: '192.0.2.22', roles: ['worker'], state: 'absent' },
  ],
})
const server = { 'node-role.kubernetes.io/control-plane': '' }
const list = nodesAnswered(
  { metadata: { name: 'cp1', labels: server } },
  { metadata: { name: 'cp9', labels: server } },
  { metadata: { name: 'w1' } },
  { metadata: { name: 'w2' } },
  { metadata: { name: 'w9' } },
)

const graph = clusterGraph(specOf(), facts)
const labels = nodeLabels({ api: kubeadmApi, node: 'cp1', labels: {}, taints: [], managedTaints: [] })
const evaluation = (raw = list) => ({
  graph,
  snapshots: new Map([['cp1/labels and taints:cp1' as TaskId, { current: labels.probe.parse(raw) }]]),
})
const messageOf = (prune: readonly string[]): string => {
  try {
    strayNodes(evaluation(), spec, prune)
  } catch (error) {
    return String((error as Error).message)
  }
  return ''
}

describe('nodes that the cluster has and the file has not', () => {
  test('are removed, all of them or those that are named, and it is known which are control plane nodes', () => {
    const [cp9, w9] = [
      { name: 'cp9', isControlPlane: true },
      { name: 'w9', isControlPlane: false },
    ]
    expect(strayNodes(evaluation(), spec, 'all')).toEqual([cp9, w9])
    expect(strayNodes(evaluation(), spec, ['w9'])).toEqual([w9])
  })

  test.each([
    ['a host of the file', 'w1', /in cluster.yaml as a part of the cluster[\s\S]*Set state: absent for w1/],
    ['a host that leaves already', 'w2', /has state: absent in cluster.yaml already[\s\S]*evcctl apply cluster.yaml/],
    ['a node that there is not', 'w8', /no such node[\s\S]*cp9, w9/],
  ])('are not removed by the name of %s', (_what, name, message) => {
    expect(messageOf([name])).toMatch(message)
  })

  test('are not guessed where the API server does not answer', () => {
    expect(() => strayNodes(evaluation(unreachable), spec, 'all')).toThrow('The API server does not answer')
  })
})
