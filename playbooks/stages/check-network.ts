import { networkCheckRole } from '../../roles/network-check/index.ts'
import { barrier, checkPods, isNode, peersOf, type Site } from '../../src/index.ts'
import type { ControlPlane } from './declare-control-plane.ts'
import type { Network } from './declare-network.ts'
import type { RunningNode } from './run-nodes.ts'

/**
 * Proves on every node that pods reach each other, after all nodes are Ready and kube-proxy has its settings. The first
 * control plane node creates the pods for this. If somebody else sets up the network, that happens after the apply, so this
 * does nothing; `evcctl network check` is for that case.
 */
export function checkNetwork(
  on: Site,
  { first }: ControlPlane,
  nodes: readonly RunningNode[],
  network: Network | undefined,
): void {
  const { api } = on.distribution
  const { spec, machines, sandboxImage: image, networkName, networkPath } = on.inventory
  if (spec.network.cni === 'none') return
  const after = [
    first.configured,
    ...nodes.flatMap(({ up }) => up),
    ...(network === undefined ? [] : [network.rolledOut]),
  ]
  const scope = on.builder.scope(on.first.name, networkCheckRole.name)
  const everywhere = scope.add(barrier('pods can run on every node'), { after })
  const pods = scope.ephemeral({ ...checkPods({ api, image }), after: [everywhere] })
  const answered = new Map(machines.map(({ host, address }) => [host, address]))
  for (const [host, peers] of peersOf(spec.hosts.filter(isNode))) {
    if (!answered.has(host)) continue
    on.declare(networkCheckRole, host.name, {
      api,
      node: host.name,
      peers: peers.flatMap(peer => {
        const address = answered.get(peer)
        return address === undefined ? [] : [{ node: peer.name, address }]
      }),
      network: networkName,
      path: networkPath,
      pods,
    })
  }
}
