import type { Change, Resource } from '../../core/resource.ts'
import { type NodeAnswer, nodeProbe, notAnswered } from '../api/index.ts'
import { kubeadmApi } from '../kubeadm/index.ts'
import { refuse } from '../support/index.ts'

/**
 * The cluster has these nodes and no others: evcctl cannot look at others, and a node that trusts one CA alone would be lost; a host that is
 * none of its nodes may belong to another cluster. It writes nothing, and is refused unless that is so. `first`: the node that asks.
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
      const strangers = nodes.filter(name => !current.names.includes(name))
      if (strangers.length > 0)
        return refuse({
          where: strangers.join(', '),
          problem: 'The cluster has no node of this name, so what the host trusts may be that of another cluster.',
          expected: 'hosts that are nodes of this cluster',
          actual: `nodes of the cluster: ${current.names.join(', ')}`,
          next: `Is it a node of another cluster, or was it deleted (kubectl get nodes)? Take it out of ${file}, or have it join: evcctl apply ${file}`,
        })
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
