import { flannelsOwnFiles } from '../roles/flannel/index.ts'
import { absent, type ClusterSpec, type GraphBuilder, type HostFacts, type Task } from '../src/index.ts'
import type { Machine } from './cluster-addresses.ts'
import { isRunningNode } from './standing.ts'

/**
 * Takes away what flannel decided for the node that the host has been. By it pods would start before flannel decides again,
 * with addresses of the former range, and reach nobody. Pods of the former node may be there: Kubernetes deletes them some
 * 40 s after their Node object, and not at all where that is back by then.
 */
export function forgetFormerNetwork(
  builder: GraphBuilder,
  spec: ClusterSpec,
  { host }: Machine,
  facts: ReadonlyMap<string, HostFacts>,
): readonly Task[] {
  if (spec.network.cni !== 'flannel' || isRunningNode(host, facts)) return []
  const scope = builder.scope(host.name, 'former-network')
  return flannelsOwnFiles.map(path => scope.add(absent({ path })))
}
