import { describe, expect, test } from 'vitest'
import { clusterGraph } from '../../playbooks/cluster.ts'
import { dependenciesOf, type Graph, type TaskId } from '../../src/index.ts'
import { facts, specOf } from './given.ts'

/** Every task with what it waits for; `~` marks what it also watches. */
function describeGraph(graph: Graph): string {
  const lines = [...graph.tasks.keys()].map(id => {
    const before = graph.edges
      .filter(edge => edge.to === id)
      .map(edge => `    ${edge.watch ? '~' : '·'} ${edge.from}`)
      .sort()
    return [id, ...before].join('\n')
  })
  return `${lines.join('\n')}\n`
}

function waitsFor(graph: Graph, id: string): ReadonlySet<string> {
  const dependencies = dependenciesOf(graph)
  const found = new Set<string>()
  const visit = (at: TaskId) => {
    for (const before of dependencies.get(at) ?? []) {
      if (found.has(before)) continue
      found.add(before)
      visit(before)
    }
  }
  visit(id as TaskId)
  return found
}

describe('the graph of a cluster', () => {
  test('has every task in a right order, with no more waiting than there has to be', async () => {
    const graph = clusterGraph(specOf(), facts)
    await expect(describeGraph(graph)).toMatchFileSnapshot('../goldens/playbooks/cluster.txt')
  })

  test('is the same whenever it is made of the same', () => {
    const one = describeGraph(clusterGraph(specOf(), facts))
    expect(describeGraph(clusterGraph(specOf(), new Map([...facts].reverse())))).toBe(one)
  })

  test('lets a worker prepare itself without waiting for any other host', () => {
    const graph = clusterGraph(
      specOf({ images: { archives: [{ url: 'http://192.0.2.5/a.tar', sha256: 'a'.repeat(64) }] } }),
      facts,
    )
    const join = waitsFor(graph, 'w1/worker/kubeadm join:node')
    expect([...join].filter(id => !id.startsWith('w1/'))).toContain('cp1/control-plane/kubeadm init:cluster')
    for (const id of join) {
      if (id.startsWith('w1/')) expect([...waitsFor(graph, id)].filter(other => !other.startsWith('w1/'))).toEqual([])
    }
    expect(join).toContain('w1/images/images:a.tar')
    expect([...join].filter(id => id.startsWith('jetson-07/'))).toEqual([])
  })

  test('makes every host of an architecture download for it', () => {
    const graph = clusterGraph(specOf(), facts)
    const stepsOf = (id: string) => {
      const { resource } = graph.tasks.get(id as TaskId)!
      return JSON.stringify(resource.converge(undefined, resource.desired))
    }
    expect(stepsOf('w1/kubernetes-binaries/artifact:kubelet')).toContain('/bin/linux/amd64/kubelet')
    expect(stepsOf('jetson-07/kubernetes-binaries/artifact:kubelet')).toContain('/bin/linux/arm64/kubelet')
  })

  test('leaves out hosts that did not answer', () => {
    const answered = new Map([...facts].filter(([host]) => host !== 'w1'))
    const ids = [...clusterGraph(specOf(), answered).tasks.keys()]
    expect(ids.filter(id => id.startsWith('w1/') || id.endsWith(':w1'))).toEqual([])
    expect(ids).toContain('jetson-07/worker/kubeadm join:node')
  })

  test('cannot be made without the first control plane node', () => {
    const answered = new Map([...facts].filter(([host]) => host !== 'cp1'))
    expect(() => clusterGraph(specOf(), answered)).toThrow('The first control plane node cannot be reached')
  })

  test('has no local proxy where there is a load balancer, and no network where there is to be none', () => {
    const graph = clusterGraph(
      specOf({ controlPlane: { endpoint: 'api.example:6443' }, network: { cni: 'none' } }),
      facts,
    )
    const ids = [...graph.tasks.keys()].join('\n')
    expect(ids).not.toMatch(/nginx|flannel/)
  })
})
