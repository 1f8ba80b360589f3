import type { Evaluation } from '../../engine/index.ts'
import { type NodeAnswer, nodeLabelsKind } from '../../resources/api/index.ts'

/**
 * Nodes of the cluster that the cluster file does not have, by name. They are seen in the listing that the labels of
 * nodes are read from anyway; none where the API server did not answer. Pure.
 */
export function otherNodes(
  { graph, snapshots }: Pick<Evaluation, 'graph' | 'snapshots'>,
  { hosts }: { readonly hosts: readonly { readonly name: string }[] },
): readonly string[] {
  const ours = new Set(hosts.map(host => host.name))
  return (allNodes({ graph, snapshots }) ?? []).filter(name => !ours.has(name))
}

/** All nodes of the cluster, by name, as otherNodes() sees them; undefined where that is not known. */
export function allNodes({ graph, snapshots }: Pick<Evaluation, 'graph' | 'snapshots'>): readonly string[] | undefined {
  for (const [id, { resource }] of graph.tasks) {
    const snapshot = resource.kind === nodeLabelsKind ? snapshots.get(id) : undefined
    if (snapshot === undefined || 'error' in snapshot) continue
    const answer = snapshot.current as NodeAnswer
    if (answer.api === 'answered') return answer.names
    if (answer.api === 'absent') return []
  }
  return undefined
}

const namesShown = 5

/** What to say of such nodes, once for all of them; undefined where there are none. evcctl removes none. */
export function otherNodesNote(nodes: readonly string[], file: string): string | undefined {
  const [first] = nodes
  if (first === undefined) return undefined
  const only = nodes.length === 1
  const rest = nodes.length - namesShown
  const names = `${nodes.slice(0, namesShown).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
  const steps = [
    `kubectl drain ${first} --ignore-daemonsets --delete-emptydir-data`,
    'kubeadm reset on the machine',
    `kubectl delete node ${first}`,
  ]
  return `${only ? `Node ${names} is` : `Nodes ${names} are`} in the cluster, and not in ${file}. evcctl removes no nodes yet; by hand${only ? '' : `, e.g. ${first}`}: ${steps.join(', then ')}`
}
