import type { Change, Resource } from '../../core/resource.ts'
import { type NodeAnswer, nodeProbe, notAnswered } from '../api/index.ts'
import { kubeadmApi } from '../kubeadm/index.ts'
import { refuse } from '../support/index.ts'

/**
 * The cluster has no nodes but these: evcctl cannot look at others, and a node that trusts one CA alone would be lost. It writes
 * nothing, and is refused if there are others. `first`: the node that asks.
 */
export function onlyKnownNodes(
  first: string,
  nodes: readonly string[],
  file: string,
): Resource<NodeAnswer, { readonly nodes: readonly string[] }> {
  return {
    kind: 'CA rotation',
    name: 'nodes of the cluster',
    title: 'nodes of the cluster',
    probe: nodeProbe(kubeadmApi, first),
    desired: { nodes },
    diff(current): Change | undefined {
      if (current.api === 'absent') return undefined
      if (current.api === 'unreachable') return notAnswered(current, 'it is not known which nodes the cluster has')
      const others = current.names.filter(name => !nodes.includes(name))
      if (others.length === 0) return undefined
      return refuse({
        where: others.join(', '),
        problem:
          'The cluster has a node that is not in the file, or is about to leave. It would trust one CA alone, and be lost.',
        expected: 'only nodes of the file, all of which answer',
        actual: `others: ${others.join(', ')}`,
        next: `Write it into ${file}, or remove it: evcctl remove ${others.join(' ')} ${file}`,
      })
    },
    converge: () => [{ run: 'echo "the API server does not answer" >&2\nexit 1\n' }],
  }
}
