import { networkCheckRole } from '../roles/network-check/index.ts'
import { barrier, type ClusterSpec, checkPods, type GraphBuilder, type Task } from '../src/index.ts'
import { isNode, type Machine } from './cluster-addresses.ts'
import { networkName, networkPathOf, peersOf, sandboxImage } from './cluster-network.ts'

/** Proves on every node that pods reach each other, once all nodes are Ready. The pods for it are made on the first one. */
export function declareNetworkCheck(
  builder: GraphBuilder,
  spec: ClusterSpec,
  machines: readonly Machine[],
  { first, connected }: { readonly first: Machine; readonly connected: readonly Task[] },
): void {
  const scope = builder.scope(first.host.name, networkCheckRole.name)
  const everywhere = scope.add(barrier('pods can run on every node'), { after: connected })
  const pods = scope.mint({ ...checkPods({ image: sandboxImage(spec) }), after: [everywhere] })
  const common = { network: networkName(spec), path: networkPathOf(spec), pods }
  const peers = peersOf(spec.hosts.filter(isNode))
  const answered = new Map(machines.map(({ host, address }) => [host, address]))
  for (const host of peers.keys()) {
    if (!answered.has(host)) continue
    networkCheckRole.declare(builder.scope(host.name, networkCheckRole.name), {
      node: host.name,
      peers: peers.get(host)!.flatMap(peer => {
        const address = answered.get(peer)
        return address === undefined ? [] : [{ node: peer.name, address }]
      }),
      ...common,
    })
  }
}
