import type { Resource } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import { type ApiAccess, againFunction, kubectl, type NodeAnswer, nodeProbe, notAnswered } from '../api/index.ts'

export interface NodeGoneParameters {
  readonly api: ApiAccess
  /** Name of the node. */
  readonly node: string
  /** What the plan says besides, e.g. what stays on its machine. */
  readonly note?: string
}

/**
 * The cluster has no Node of this name. Kubernetes then forgets the pods of the node: those of a node that is lost are
 * replaced about a minute later. A kubelet that still runs registers its node again when it is restarted; the next run sees
 * that. Runs on a control plane node.
 */
export function nodeGone({ api, node, note }: NodeGoneParameters): Resource<NodeAnswer, { readonly node: 'gone' }> {
  return {
    kind: 'node gone',
    name: node,
    title: `Node ${node}`,
    probe: nodeProbe(api, node),
    desired: { node: 'gone' },
    diff(current) {
      if (current.api === 'absent') return undefined
      if (current.api === 'unreachable') return notAnswered(current, 'it is not known whether it is there')
      if (current.node === undefined) return undefined
      return { action: 'delete', fields: [], ...(note === undefined ? {} : { note }) }
    },
    converge: () => [
      {
        run: `${againFunction}again ${kubectl(api, 30)} delete node ${quote(node)} --ignore-not-found --timeout=30s >/dev/null\n`,
        timeoutMs: 120_000,
      },
    ],
    explain: failure => ({
      problem: `The Node ${node} could not be deleted. It stays cordoned.`,
      actual: failure.stderr.trim(),
      next: 'Apply again: the removal goes on.',
    }),
  }
}
