import type { Evaluation } from '../../engine/index.ts'
import { type NodeAnswer, nodeLabelsKind } from '../../resources/api/index.ts'

/**
 * The names of nodes that are in the cluster but not in the cluster file. They come from the list of nodes that is read for
 * the labels anyway; the result is empty if the API server did not answer. Pure.
 */
export function otherNodes(
  { graph, snapshots }: Pick<Evaluation, 'graph' | 'snapshots'>,
  { hosts }: { readonly hosts: readonly { readonly name: string }[] },
): readonly string[] {
  const ours = new Set(hosts.map(host => host.name))
  return (allNodes({ graph, snapshots }) ?? []).filter(name => !ours.has(name))
}

/** The names of all nodes of the cluster, from the same list; undefined if the API server did not answer. */
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

interface Removal {
  /** Path of the cluster file. */
  readonly file: string
  /** The command that takes a node's own part of the cluster from its machine. */
  readonly reset: string
}

/** One note about all such nodes; undefined if there are none. evcctl does not remove them. */
export function otherNodesNote(nodes: readonly string[], { file, reset }: Removal): string | undefined {
  const [first] = nodes
  if (first === undefined) return undefined
  const only = nodes.length === 1
  const rest = nodes.length - namesShown
  const names = `${nodes.slice(0, namesShown).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
  const steps = [
    `kubectl drain ${first} --ignore-daemonsets --delete-emptydir-data`,
    `${reset} on the machine`,
    `kubectl delete node ${first}`,
  ]
  return `${only ? `Node ${names} is` : `Nodes ${names} are`} in the cluster, and not in ${file}. evcctl removes no nodes yet; by hand${only ? '' : `, e.g. ${first}`}: ${steps.join(', then ')}`
}
