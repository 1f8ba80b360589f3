import { isOwnCniFile } from '../roles/preflight/index.ts'
import { absent, type ClusterSpec, type GraphBuilder, type HostFacts, type Task } from '../src/index.ts'
import type { Machine } from './cluster-addresses.ts'
import { isRunningNode } from './standing.ts'

/**
 * Takes away what the same pod network wrote when the host was a node before, until it writes that anew. By the former
 * file pods would start at once, with addresses of the range that the former node had, and reach nobody. Pods of the
 * former node may be there: Kubernetes deletes them some 40 s after their Node object, and not where that is back by then.
 */
export function forgetFormerNetwork(
  builder: GraphBuilder,
  spec: ClusterSpec,
  { host }: Machine,
  facts: ReadonlyMap<string, HostFacts>,
): readonly Task[] {
  if (isRunningNode(host, facts)) return []
  const files = facts.get(host.name)?.remains?.cniFiles.filter(path => isOwnCniFile(spec, path)) ?? []
  const scope = builder.scope(host.name, 'former-network')
  return files.map(path => scope.add(absent({ path })))
}
