import { networkCheckRole } from '../roles/network-check/index.ts'
import { barrier, type ClusterSpec, checkPods, type GraphBuilder, type Task } from '../src/index.ts'
import type { Machine } from './cluster-addresses.ts'
import { networkName, networkPathOf, peersOf, sandboxImage } from './cluster-network.ts'

/** Proves on every node that pods reach each other, once all nodes are Ready. The pods for it are made on the first one. */
export function declareNetworkCheck(
  builder: GraphBuilder,
  spec: ClusterSpec,
  nodes: readonly Machine[],
  { first, connected }: { readonly first: Machine; readonly connected: readonly Task[] },
): void {
  const scope = builder.scope(first.host.name, networkCheckRole.name)
  const everywhere = scope.add(barrier('pods can run on every node'), { after: connected })
  const pods = scope.mint({ ...checkPods({ image: sandboxImage(spec) }), after: [everywhere] })
  for (const machine of nodes) {
    networkCheckRole.declare(builder.scope(machine.host.name, networkCheckRole.name), {
      node: machine.host.name,
      peers: peersOf(nodes, machine).map(({ host, address }) => ({ node: host.name, address })),
      network: networkName(spec),
      path: networkPathOf(spec),
      pods,
    })
  }
}
