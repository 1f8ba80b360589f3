import { clusterDns } from '../../roles/cluster-dns/index.ts'
import {
  type ExpectedNode,
  type HostSpec,
  isControlPlane,
  isNode,
  labelsFor,
  type Site,
  type Task,
  taintsFor,
} from '../../src/index.ts'
import type { ControlPlane } from './declare-control-plane.ts'
import type { RunningNode } from './run-nodes.ts'

/**
 * Spreads the cluster's DNS over nodes, when those that were drained are in service again, so that it survives the loss of any one node as soon as there are two. If two nodes
 * exist already, it does not wait for those that join, because one that fails would then delay it for all.
 */
export function declareDns(
  { inventory, distribution, first, declare }: Site,
  controlPlane: ControlPlane,
  nodes: readonly RunningNode[],
  inService: readonly Task[],
): void {
  const { spec } = inventory
  if (!distribution.addons(spec).coreDns || spec.hosts.filter(isNode).length < 2) return
  const standing = nodes.filter(({ machine }) => machine.facts.kubernetes.kubeletConf)
  const waitedFor = standing.length < 2 ? nodes : standing
  declare(clusterDns, first.name, {
    api: distribution.api,
    everyNode: spec.network.nodeDNS,
    initialised: controlPlane.first.joined,
    addons: controlPlane.addons,
    nodes: waitedFor.map(({ machine }) => expectedNode(machine.host)),
    ready: spec.network.cni !== 'none',
    up: waitedFor.flatMap(({ up }) => up),
    inService,
  })
}

// The labels include those that the kubelet and kubeadm set:
// https://kubernetes.io/docs/reference/labels-annotations-taints/.
function expectedNode(host: HostSpec): ExpectedNode {
  const labels = {
    'kubernetes.io/os': 'linux',
    'kubernetes.io/hostname': host.name,
    ...(isControlPlane(host) ? { 'node-role.kubernetes.io/control-plane': '' } : {}),
    ...labelsFor(host),
  }
  return { name: host.name, labels, taints: taintsFor(host) }
}
