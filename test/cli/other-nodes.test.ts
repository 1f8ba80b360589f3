import { describe, expect, test } from 'vitest'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import { otherNodes, otherNodesNote } from '../../src/cli/run/other-nodes.ts'
import { GraphBuilder } from '../../src/core/scope.ts'
import { nodeLabels } from '../../src/resources/api/node-labels.ts'
import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'
import { absent, nodesAnswered, unreachable } from '../resources/api-given.ts'

const hosts = [{ name: 'cp1' }, { name: 'w1' }]
const listing = (...names: readonly string[]) => nodesAnswered(...names.map(name => ({ metadata: { name } })))

function otherNodesOf(raw: ReturnType<typeof nodesAnswered>): readonly string[] {
  const builder = new GraphBuilder()
  const scope = builder.scope('cp1', 'nodes')
  for (const { name } of hosts)
    scope.add(nodeLabels({ api: kubeadmApi, node: name, labels: {}, taints: [], managedTaints: [] }))
  const graph = builder.build()
  const snapshots = new Map([...graph.tasks].map(([id, task]) => [id, { current: task.resource.probe.parse(raw) }]))
  return otherNodes({ graph, snapshots }, { hosts })
}

describe('nodes that are not in the file', () => {
  test.each([
    ['one was taken out', listing('cp1', 'w1', 'w3'), ['w3']],
    ['all are in it', listing('cp1', 'w1'), []],
    ['a host has not joined yet', listing('cp1'), []],
    ['there are no nodes', nodesAnswered(), []],
    ['there is no cluster yet', absent, []],
    ['the API server does not answer', unreachable, []],
  ])('when %s', (_, raw, names) => expect(otherNodesOf(raw)).toEqual(names))

  test('are named with what to do', () => {
    expect(otherNodesNote(['w3'], { file: 'cluster.yaml', reset: kubeadm.byHand.reset })).toMatch(
      /^Node w3 is in the cluster, and not in cluster.yaml\..*state: absent.*; or evcctl remove w3 cluster.yaml, and then kubeadm reset on the machine$/,
    )
  })

  test('are told in one note, which names five of them', () => {
    const names = Array.from({ length: 5000 }, (_, index) => `n${index}`)
    expect(otherNodesNote(names, { file: 'cluster.yaml', reset: kubeadm.byHand.reset })).toMatch(
      /^Nodes n0, n1, n2, n3, n4 and 4995 more are in the cluster, .*To remove them: .*--prune/,
    )
    expect(otherNodesNote(['w3', 'w4'], { file: 'cluster.yaml', reset: kubeadm.byHand.reset })).toMatch(
      /^Nodes w3, w4 are in the cluster/,
    )
    expect(otherNodesNote([], { file: 'cluster.yaml', reset: kubeadm.byHand.reset })).toBeUndefined()
  })
})
