import { describe, expect, test } from 'vitest'
import { controlPlanePart } from '../../playbooks/control-plane-part.ts'
import type { HostFacts, TaskId } from '../../src/index.ts'
import { clusterGraph, factsOf, specOf, waitsFor } from './given.ts'

const hosts = [
  { name: 'cp1', address: '192.0.2.11', roles: ['control-plane'] },
  { name: 'cp2', address: '192.0.2.12', roles: ['control-plane'] },
  { name: 'cp3', address: '192.0.2.13', roles: ['control-plane'] },
  { name: 'w1', address: '192.0.2.21', roles: ['worker'] },
  { name: 'w2', address: '192.0.2.22', roles: ['worker'] },
]
const archives = [{ url: 'http://192.0.2.1/new.tar', sha256: 'a'.repeat(64) }]
const spec = specOf({ hosts, kubernetes: { version: '1.36.4' }, images: { archives } })
const facts: ReadonlyMap<string, HostFacts> = new Map(
  hosts.map(({ name, address, roles }) => {
    const isServer = roles.includes('control-plane')
    const kubernetes = {
      kubeletConf: true,
      adminConf: isServer,
      controlPlane: isServer,
      kubelet: '1.35.8',
      ...(isServer ? { apiServer: '1.35.8' } : {}),
    }
    return [name, factsOf(name, address, { kubernetes, listening: [] })]
  }),
)
const whole = clusterGraph(spec, facts)
const part = controlPlanePart(whole, spec.hosts)
const ids = [...part.tasks.keys()]

describe('the part of a cluster that is its control plane', () => {
  test('has all that is done on control plane nodes, and nothing on workers', () => {
    for (const name of ['cp1', 'cp2', 'cp3']) {
      for (const thing of ['kubeadm configuration:node', 'artifact:kubelet', `node:${name}`, 'download:kubelet'])
        expect(ids).toContain(`${name}/${thing}`)
      expect(ids).toContain(`cp1/drain:${name}`)
      expect(ids).toContain(`cp1/uncordon:${name}`)
    }
    expect(ids.filter(id => id.startsWith('w'))).toEqual([])
  })

  test('has nothing that is done for a worker through the API, nor for the cluster when all nodes are done', () => {
    const others = ['drain:w1', 'uncordon:w1', 'labels and taints:w1', 'kubeadm addons:cluster', 'rollout:kube-proxy']
    for (const thing of others) {
      expect([...whole.tasks.keys()]).toContain(`cp1/${thing}`)
      expect(ids).not.toContain(`cp1/${thing}`)
    }
  })

  test('keeps its order, and does not wait for workers', () => {
    const before = waitsFor(part, 'cp2/kubeadm configuration:node')
    expect(before).toContain('cp1/kubeadm configuration:node')
    expect(before).toContain('cp1/barrier:all running nodes have the downloads of Kubernetes 1.36.4')
    expect([...before].filter(id => id.startsWith('w'))).toEqual([])
  })

  test('has the same tasks as the whole, so what was read for that counts', () => {
    for (const [id, task] of part.tasks) expect(whole.tasks.get(id as TaskId)).toBe(task)
  })

  test('is the whole where no host is a worker alone', () => {
    const only = specOf({ hosts: hosts.slice(0, 3), kubernetes: { version: '1.36.4' } })
    const graph = clusterGraph(only, new Map([...facts].slice(0, 3)))
    expect([...controlPlanePart(graph, only.hosts).tasks.keys()]).toEqual([...graph.tasks.keys()])
  })

  test('does not begin with hosts that leave: they go when what stays has proved to work, and workers are part of that', () => {
    const leaving = ['w2', 'cp3']
    const given = hosts.map(host => (leaving.includes(host.name) ? { ...host, state: 'absent' } : host))
    const absent = specOf({ hosts: given, etcd: { allowEvenMembers: true }, kubernetes: { version: '1.36.4' } })
    const kept = [...controlPlanePart(clusterGraph(absent, facts), [...absent.hosts, ...absent.leaving]).tasks.keys()]
    const removals = (ids: readonly string[]) => ids.filter(id => /^(w2|cp3)\/|:(w2|cp3)$/.test(id))
    expect(removals([...clusterGraph(absent, facts).tasks.keys()])).toContain('cp1/drain:cp3')
    expect(removals(kept)).toEqual([])
  })

  test('has the members of etcd that are no nodes', () => {
    const etcd = [...hosts, { name: 'e1', address: '192.0.2.31', roles: ['etcd'] }]
    const apart = specOf({ hosts: etcd, etcd: { topology: 'external' } })
    const graph = clusterGraph(apart, new Map([...facts, ['e1', factsOf('e1', '192.0.2.31')]]))
    const kept = [...controlPlanePart(graph, apart.hosts).tasks.keys()].filter(id => id.startsWith('e1/'))
    expect(kept).toEqual([...graph.tasks.keys()].filter(id => id.startsWith('e1/')))
  })
})
