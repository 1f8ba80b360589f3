import { type ClusterSpec, defaultsFor, type NetworkPath } from '../src/index.ts'

/** How packets of pods travel, and what a firewall has to let through for it; sources: flannel's Documentation/backends.md. */
export function networkPathOf({ network }: ClusterSpec): NetworkPath {
  const { podCIDR, cni } = network
  const plain = { name: 'routes', filter: `net ${podCIDR}`, podCIDR }
  if (cni === 'none') return plain
  const look = 'kubectl -n kube-flannel get pods -o wide'
  if (network.flannel.backend === 'host-gw') {
    return { ...plain, name: 'host-gw of flannel, which needs all nodes in one layer 2 network', look }
  }
  return { name: 'VXLAN of flannel', carriedBy: 'UDP port 8472', filter: 'udp port 8472', podCIDR, look }
}

/** What the network is, in words: when any of it is another, what was proven before says nothing any more. */
export function networkName({ network, kubernetes }: ClusterSpec): string {
  const { cni, flannel, podCIDR, serviceCIDR } = network
  const kind = cni === 'flannel' ? `flannel ${flannel.version} ${flannel.backend}` : cni
  return `${kind}, pods ${podCIDR}, services ${serviceCIDR}, Kubernetes ${kubernetes.version}`
}

/** The image of the sandboxes of all pods, which every node has. */
export function sandboxImage({ images, kubernetes }: ClusterSpec): string {
  return `${images.registry ?? 'registry.k8s.io'}/pause:${defaultsFor(kubernetes.version).pause}`
}

/** Up to so many nodes before it, a node asks them all. */
const askedByAll = 8

/**
 * The nodes whose pods are asked from each node: those before it in the file, so that each pair is asked once and a node
 * that is new at the end of the file gives the others nothing to do. An answer proves both ways, since it has to come back.
 * In a large cluster a node asks the 1st, 2nd, 4th, 8th, … before it and the first one: some ten of a thousand.
 */
export function peersOf<T>(nodes: readonly T[], node: T): readonly T[] {
  const at = nodes.indexOf(node)
  if (at <= askedByAll) return nodes.slice(0, at)
  const distances = Array.from({ length: Math.floor(Math.log2(at)) + 1 }, (_, power) => 2 ** power)
  return nodes.filter((_, index) => index < at && (index === 0 || distances.includes(at - index)))
}
