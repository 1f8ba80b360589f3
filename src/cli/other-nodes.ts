import type { Evaluation } from '../engine/index.ts'
import { nodeLabelsKind } from '../resources/node-labels.ts'
import type { NodeAnswer } from '../resources/node-list.ts'

/**
 * Nodes of the cluster that the cluster file does not have, by name. They are seen in the listing that the labels of
 * nodes are read from anyway; none where the API server did not answer. Pure.
 */
export function otherNodes(
  { graph, snapshots }: Pick<Evaluation, 'graph' | 'snapshots'>,
  { hosts }: { readonly hosts: readonly { readonly name: string }[] },
): readonly string[] {
  const ours = new Set(hosts.map(host => host.name))
  for (const [id, { resource }] of graph.tasks) {
    const snapshot = resource.kind === nodeLabelsKind ? snapshots.get(id) : undefined
    if (snapshot === undefined || 'error' in snapshot) continue
    const answer = snapshot.current as NodeAnswer
    if (answer.api === 'answered') return answer.names.filter(name => !ours.has(name))
  }
  return []
}

/** What to say of such a node: evcctl removes none. */
export function otherNodeNote(node: string, file: string): string {
  const steps = [
    `kubectl drain ${node} --ignore-daemonsets --delete-emptydir-data`,
    'kubeadm reset on the machine',
    `kubectl delete node ${node}`,
  ]
  return `Node ${node} is in the cluster, and not in ${file}. evcctl removes no nodes yet; by hand: ${steps.join(', then ')}`
}
