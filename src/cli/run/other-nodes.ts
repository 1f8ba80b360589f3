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
export function allNodes(evaluation: Pick<Evaluation, 'graph' | 'snapshots'>): readonly string[] | undefined {
  return nodesOf(evaluation)?.names
}

/** The nodes of the cluster, and which of them are control plane nodes; undefined if the API server did not answer. */
export function nodesOf({
  graph,
  snapshots,
}: Pick<Evaluation, 'graph' | 'snapshots'>):
  | { readonly names: readonly string[]; readonly servers: readonly string[] }
  | undefined {
  for (const [id, { resource }] of graph.tasks) {
    const snapshot = resource.kind === nodeLabelsKind ? snapshots.get(id) : undefined
    if (snapshot === undefined || 'error' in snapshot) continue
    const answer = snapshot.current as NodeAnswer
    if (answer.api === 'answered') return answer
    if (answer.api === 'absent') return { names: [], servers: [] }
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

/** One note about all such nodes; undefined if there are none. Only `--prune` or `evcctl remove` removes them. */
export function otherNodesNote(nodes: readonly string[], { file, reset }: Removal): string | undefined {
  if (nodes.length === 0) return undefined
  const only = nodes.length === 1
  const rest = nodes.length - namesShown
  const shown = nodes.slice(0, namesShown)
  const names = `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
  const ways = [
    `put ${only ? 'it' : 'them'} back with state: absent, so that evcctl also cleans the ${only ? 'host' : 'hosts'}`,
    `or evcctl ${rest > 0 ? `apply ${file} --prune` : `remove ${shown.join(' ')} ${file}`}, and then ${reset} on the ${only ? 'machine' : 'machines'}`,
  ]
  return `${only ? `Node ${names} is` : `Nodes ${names} are`} in the cluster, and not in ${file}. To remove ${only ? 'it' : 'them'}: ${ways.join('; ')}`
}
