import { clusterDns } from '../../roles/cluster-dns/index.ts'
import {
  type ExpectedNode,
  type HostSpec,
  isControlPlane,
  isNode,
  labelsFor,
  type Site,
  taintsFor,
} from '../../src/index.ts'
import type { ControlPlane } from './declare-control-plane.ts'
import type { RunningNode } from './run-nodes.ts'

/**
 * The cluster's DNS, so that it outlives any one node as soon as there are two. Where two nodes stand already, nothing waits
 * for those that join: one that fails would hold it up for all others.
 */
export function declareDns(
  { inventory, distribution, first, declare }: Site,
  controlPlane: ControlPlane,
  nodes: readonly RunningNode[],
): void {
  const { spec } = inventory
  if (!distribution.addons(spec).coreDns || spec.hosts.filter(isNode).length < 2) return
  const standing = nodes.filter(({ machine }) => machine.facts.kubernetes.kubeletConf)
  const waitedFor = standing.length < 2 ? nodes : standing
  declare(clusterDns, first.name, {
    api: distribution.api,
    everyNode: spec.network.nodeDNS,
    initialised: controlPlane.first.joined,
    nodes: waitedFor.map(({ machine }) => expectedNode(machine.host)),
    ready: spec.network.cni !== 'none',
    up: waitedFor.flatMap(({ up }) => up),
  })
}

// With what the kubelet and kubeadm give to a node: https://kubernetes.io/docs/reference/labels-annotations-taints/.
function expectedNode(host: HostSpec): ExpectedNode {
  const labels = {
    'kubernetes.io/os': 'linux',
    'kubernetes.io/hostname': host.name,
    ...(isControlPlane(host) ? { 'node-role.kubernetes.io/control-plane': '' } : {}),
    ...labelsFor(host),
  }
  return { name: host.name, labels, taints: taintsFor(host) }
}
