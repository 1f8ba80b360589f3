import { clusterDns } from '../roles/cluster-dns/index.ts'
import type { ClusterSpec, ExpectedNode, GraphBuilder, HostSpec, Task } from '../src/index.ts'
import { isNode, type Machine } from './cluster-addresses.ts'
import { skipsAddon } from './cluster-documents.ts'
import { labelsFor, taintsFor } from './cluster-nodes.ts'

export interface DnsPlaces {
  /** Where the API is asked. */
  readonly first: Machine
  /** Done when there is a cluster. */
  readonly initialised: Task
  /** What is done on each node when it can run pods. */
  readonly up: ReadonlyMap<Machine, readonly Task[]>
}

/** Whether the cluster's DNS is the CoreDNS that kubeadm makes. kubeadm can be told in two ways to leave it out. */
export function hasCoreDns(spec: ClusterSpec): boolean {
  const { dns } = spec.kubernetes.clusterConfiguration as { readonly dns?: { readonly disabled?: boolean } }
  return dns?.disabled !== true && !skipsAddon(spec, 'coredns')
}

/**
 * The cluster's DNS, so that it outlives any one node as soon as there are two. Where two nodes stand already, nothing waits
 * for those that join: one that fails would hold it up for all others.
 */
export function declareClusterDns(
  builder: GraphBuilder,
  spec: ClusterSpec,
  { first, initialised, up }: DnsPlaces,
): void {
  if (!hasCoreDns(spec) || spec.hosts.filter(isNode).length < 2) return
  const standing = [...up].filter(([{ facts }]) => facts.kubernetes.kubeletConf)
  const waitedFor = standing.length < 2 ? [...up] : standing
  clusterDns.declare(builder.scope(first.host.name, clusterDns.name), {
    everyNode: spec.network.nodeDNS,
    initialised,
    nodes: waitedFor.map(([{ host }]) => expectedNode(host)),
    ready: spec.network.cni !== 'none',
    up: waitedFor.flatMap(([, tasks]) => tasks),
  })
}

// With what the kubelet and kubeadm give to a node: https://kubernetes.io/docs/reference/labels-annotations-taints/.
function expectedNode(host: HostSpec): ExpectedNode {
  const labels = {
    'kubernetes.io/os': 'linux',
    'kubernetes.io/hostname': host.name,
    ...(host.roles.includes('control-plane') ? { 'node-role.kubernetes.io/control-plane': '' } : {}),
    ...labelsFor(host),
  }
  return { name: host.name, labels, taints: taintsFor(host) }
}
