import { kubeadm } from '../../distributions/kubeadm/index.ts'
import { cluster } from '../../playbooks/cluster.ts'
import { parseClusterFile } from '../../src/config/index.ts'
import {
  type ClusterSecrets,
  type ClusterSpec,
  dependenciesOf,
  type Graph,
  type HostFacts,
  inventoryOf,
  type TaskId,
} from '../../src/index.ts'
import { printedFacts, type Told } from '../facts/printed.ts'

/** A cluster of one control plane node and two workers; `spec` is laid over it, key by key. */
export function specOf(spec: Record<string, unknown> = {}): ClusterSpec {
  const document = {
    apiVersion: 'evcctl.dev/v1alpha1',
    kind: 'Cluster',
    metadata: { name: 'edge-seoul' },
    spec: {
      hosts: [
        { name: 'cp1', address: '192.0.2.11', roles: ['control-plane'] },
        { name: 'w1', address: '192.0.2.21', roles: ['worker'] },
        {
          name: 'jetson-07',
          address: 'jetson-07.example',
          privateAddress: '10.8.0.7',
          roles: ['worker'],
          labels: { 'evc.example/camera': 'north' },
          taints: [{ key: 'evc.example/gpu', effect: 'NoSchedule' }],
        },
      ],
      ...spec,
    },
  }
  return parseClusterFile(JSON.stringify(document), 'cluster.yaml')
}

/** A host that nothing is wrong with, and that tells this besides. */
export function factsOf(host: string, address: string, told: Told = {}): HostFacts {
  return printedFacts(host, address, { swap: [], listening: [], ...told })
}

/** Facts of the hosts of specOf(): one of them is arm64. */
export const facts: ReadonlyMap<string, HostFacts> = new Map([
  ['cp1', factsOf('cp1', '192.0.2.11')],
  ['w1', factsOf('w1', '192.0.2.21')],
  ['jetson-07', factsOf('jetson-07', '10.8.0.7', { architecture: 'arm64' })],
])

/** What apply would work through on hosts with these facts. */
export function clusterGraph(
  spec: ClusterSpec,
  known: ReadonlyMap<string, HostFacts>,
  secrets?: ClusterSecrets,
): Graph {
  return cluster(inventoryOf(spec, kubeadm, known, secrets))
}

/** Those of these tasks that a role declares. */
export function ofRole(graph: Graph, role: string, ids: Iterable<string> = graph.tasks.keys()): string[] {
  return [...ids].filter(id => graph.tasks.get(id as TaskId)!.role === role)
}

/** All tasks that a task waits for, directly or through others. */
export function waitsFor(graph: Graph, id: string): ReadonlySet<string> {
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

/** What must be done before a task writes: all that it waits for, or is held back by. */
export function earlierThan(graph: Pick<Graph, 'edges'>, id: string): ReadonlySet<string> {
  const edgesTo = Map.groupBy(graph.edges, ({ to }) => to)
  const found = new Set<string>()
  const visit = (to: TaskId): void => {
    for (const { from } of edgesTo.get(to) ?? []) {
      if (found.has(from)) continue
      found.add(from)
      visit(from)
    }
  }
  visit(id as TaskId)
  return found
}
