import { type ClusterSpec, type HostFacts, type HostSpec, isNode } from '../index.ts'
import { type CheckedCluster, type Finding, finding } from './finding.ts'
import { isNodeAlready } from './node.ts'

const offer =
  'Or write a file with name servers that pods reach, and name it: spec.kubernetes.kubeletConfiguration.resolvConf'

/** Checks that pods of the node can use the name servers of the host, because the cluster's DNS forwards to them. */
export function* nameserverChecks({ spec }: CheckedCluster, host: HostSpec, facts: HostFacts): Iterable<Finding> {
  const named = resolvConfOf(spec)
  // With an empty resolvConf, the kubelet gives pods no name server of the host (kubelet.config.k8s.io/v1beta1).
  if (named === '') return
  const path = named ?? '/etc/resolv.conf'
  const servers = (named === undefined ? undefined : facts.kubeletNameservers) ?? facts.nameservers
  // No pod runs on a host that is no node.
  if (servers.length > 0 && !isNode(host)) return
  if (servers.every(server => isLoopback(server) || hasZone(server))) {
    yield finding('nameservers', host, {
      problem:
        servers.length === 0
          ? 'The host has no name server.'
          : "The host's only name servers are its own, or belong to an interface, and pods do not reach those: the cluster's DNS would ask itself, or nobody.",
      expected: `a nameserver in ${path} that is neither a loopback address nor one with an interface (%eth0)`,
      actual: servers.join(', ') || 'none',
      next: `Add one to ${path} (with resolvectl, netplan or nmcli if one of these writes that file).\n${offer}`,
    })
    return
  }
  // If the address is that of systemd-resolved, the facts also have its upstream servers, which kubeadm lets the kubelet
  // use.
  const loops = servers.filter(server => isLoopback(server) && server !== '127.0.0.53')
  if (loops.length === 0 || isNodeAlready(facts)) return
  yield finding('nameservers', host, {
    problem: `Pods cannot use its name server ${loops.join(', ')}: the cluster's DNS would ask itself and stop ("Loop detected").`,
    expected: `in ${path} only name servers that pods reach`,
    actual: servers.join(', '),
    next: `Remove it from ${path}.\n${offer}`,
  })
}

/** A note about name servers that pods cannot use, if the host also has others; undefined if there are none. */
export function uselessNameservers(spec: ClusterSpec, facts: HostFacts): string | undefined {
  const named = resolvConfOf(spec)
  const servers = (named === undefined ? undefined : facts.kubeletNameservers) ?? facts.nameservers
  const zoned = servers.filter(hasZone)
  if (named === '' || zoned.length === 0) return undefined
  return `Pods cannot use the name server ${zoned.join(', ')}, whose address is valid only on one interface, so look-ups may be slow. To leave it out, write a file with the others and name it in spec.kubernetes.kubeletConfiguration.resolvConf.`
}

/** The file from which the kubelet takes name servers, as cluster.yaml sets it; undefined: the default of kubeadm. */
export function resolvConfOf(spec: ClusterSpec): string | undefined {
  const { resolvConf } = spec.kubernetes.kubeletConfiguration
  return typeof resolvConf === 'string' ? resolvConf : undefined
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}

function hasZone(address: string): boolean {
  return address.includes('%')
}
