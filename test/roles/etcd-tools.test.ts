import { describe, expect, test } from 'vitest'
import { clusterGraph, facts, factsOf, ofRole, specOf, waitsFor } from '../playbooks/given.ts'

const roles = ['control-plane']
const hosts = [
  { name: 'cp1', address: '192.0.2.11', roles },
  { name: 'e1', address: '192.0.2.31', roles: ['etcd'] },
]

describe('the tools of etcd', () => {
  test('are on control plane nodes with a stacked member alone, in the version of its image', () => {
    const graph = clusterGraph(specOf(), facts)
    expect(ofRole(graph, 'etcd-tools')).toEqual(['cp1/artifact:etcd-tools'])
    const task = graph.tasks.get(ofRole(graph, 'etcd-tools')[0] as never)!
    expect(task.resource.desired).toMatchObject({ version: '3.6.8' })
  })

  test('are not installed a second time where etcd runs on hosts of its own', () => {
    const spec = specOf({ etcd: { topology: 'external' }, hosts })
    const known = new Map(hosts.map(({ name, address }) => [name, factsOf(name, address)]))
    expect(ofRole(clusterGraph(spec, known), 'etcd-tools')).toEqual([])
  })

  test('hold up nothing that makes the node', () => {
    const graph = clusterGraph(specOf(), facts)
    for (const id of graph.tasks.keys())
      if (ofRole(graph, 'etcd-tools', waitsFor(graph, id)).length > 0) expect(id).toMatch(/etcd/)
  })
})
