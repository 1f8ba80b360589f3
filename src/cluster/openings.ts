import type { ClusterSpec, HostSpec } from '../config/index.ts'
import { parseIpv4Range } from '../config/ip.ts'
import { anywhere, type FirewallRule, type PortRange } from '../resources/firewall/index.ts'
import { ciliumPath } from './cilium-path.ts'
import { etcdPorts } from './etcd-ports.ts'
import type { Machine } from './machines.ts'
import { isControlPlane, isEtcdHost, isNode } from './nodes.ts'
import { privateAddressOf } from './private-address.ts'
import type { DistributionPorts } from './profile.ts'

/**
 * Ports of pod networks. flannel: Documentation/backends.md, vxlan (Linux). Calico: docs.tigera.io, "System requirements",
 * network requirements; IP in IP is protocol 4, which has no ports, and is not opened. Cilium: docs.cilium.io, "System
 * Requirements".
 */
const overlayPorts = {
  flannel: 8472,
  calico: 4789,
  calicoBgp: 179,
  ciliumHealth: 4240,
  ciliumHubble: 4244,
}

/** What the firewall of a host has to let through. */
export interface HostOpenings {
  readonly rules: readonly FirewallRule[]
  /**
   * False if the address of another host is not known because it does not answer. Then a rule for that host may be missing.
   */
  readonly complete: boolean
}

/**
 * The rules for each host: the ports that its roles need, each for the addresses that use it; packets of pods that it
 * forwards; and the ports of `spec.firewall`. For a host that does not answer, there are rules if cluster.yaml has its
 * address. Rules that hosts have in common are computed once and shared, because there are as many of them as hosts.
 */
export function openingsOf(
  spec: ClusterSpec,
  ports: DistributionPorts,
  machines: readonly Machine[],
): (host: HostSpec) => HostOpenings {
  const answered = new Map(machines.map(({ host, address }) => [host, address]))
  const places = new Map(spec.hosts.map(host => [host, answered.get(host) ?? privateAddressOf(host)]))
  const addresses = (role: (host: HostSpec) => boolean) =>
    spec.hosts.filter(role).flatMap(host => places.get(host) ?? [])
  const nodes = addresses(isNode)
  const members = addresses(host => isEtcdMember(spec, host))
  const shared = {
    api: apiRules(spec, nodes),
    etcd: etcdRules(members, addresses(isControlPlane)),
    node: nodeRules(spec, ports, nodes),
  }
  const unknown = spec.hosts.filter(host => places.get(host) === undefined)
  return host => {
    const own = places.get(host)
    const rules = [
      ...(isControlPlane(host) ? shared.api : []),
      ...(isEtcdMember(spec, host) ? shared.etcd : []),
      ...(isNode(host) ? shared.node : []),
    ]
    return {
      // Packets of a host to itself pass no firewall.
      rules: [...rules.filter(({ from }) => from !== own), ...extraRules(spec, host)],
      complete: unknown.every(other => other === host),
    }
  }
}

// The scheduler, the controller manager and the local proxy listen on the loopback interface only, so they need no rule.
function apiRules({ controlPlane, network, firewall }: ClusterSpec, nodes: readonly string[]): readonly FirewallRule[] {
  return incoming('API server', 'tcp', only(controlPlane.bindPort), [...nodes, network.podCIDR, ...firewall.apiFrom])
}

// Members also use each other's client port: when they join, and when evcctl checks their health.
function etcdRules(members: readonly string[], clients: readonly string[]): readonly FirewallRule[] {
  return [
    ...incoming('etcd clients', 'tcp', only(etcdPorts.clients), [...members, ...clients]),
    ...incoming('etcd members', 'tcp', only(etcdPorts.members), members),
  ]
}

function nodeRules(
  { network, firewall }: ClusterSpec,
  ports: DistributionPorts,
  nodes: readonly string[],
): readonly FirewallRule[] {
  const cluster = [...nodes, network.podCIDR]
  const nodePorts = [...cluster, ...firewall.nodePortsFrom]
  return [
    // Clients are API servers, and pods that collect metrics. Packets of such pods have the address of their node, except
    // on that node itself.
    ...incoming('kubelet', 'tcp', only(ports.kubelet), cluster),
    ...overlayRules(network, nodes, cluster),
    ...incoming('NodePorts', 'tcp', ports.nodePorts, nodePorts),
    ...incoming('NodePorts', 'udp', ports.nodePorts, nodePorts),
    { way: 'through', protocol: 'any', from: network.podCIDR, to: anywhere, why: 'from pods' },
    ...collapsed(cluster).map(
      (from): FirewallRule => ({ way: 'through', protocol: 'any', from, to: network.podCIDR, why: 'to pods' }),
    ),
    // Where the node forwards a packet for a NodePort, the destination is already the pod, on the pod's port. From outside
    // the cluster, no other packets may reach pods.
    ...collapsed(firewall.nodePortsFrom).map(
      (from): FirewallRule => ({
        way: 'through',
        protocol: 'any',
        from,
        to: network.podCIDR,
        translated: true,
        why: 'NodePorts',
      }),
    ),
  ]
}

function overlayRules(
  network: ClusterSpec['network'],
  nodes: readonly string[],
  cluster: readonly string[],
): readonly FirewallRule[] {
  const { cni, flannel, calico } = network
  if (cni === 'flannel')
    return flannel.backend === 'vxlan' ? incoming('flannel vxlan', 'udp', only(overlayPorts.flannel), nodes) : []
  if (cni === 'calico') {
    return calico.encapsulation === 'vxlan'
      ? incoming('Calico vxlan', 'udp', only(overlayPorts.calico), nodes)
      : incoming('Calico BGP', 'tcp', only(overlayPorts.calicoBgp), nodes)
  }
  if (cni === 'none') return []
  const { tunnel, wireguard } = ciliumPath(network)
  return [
    ...(tunnel === undefined ? [] : incoming(`Cilium ${tunnel.name.toLowerCase()}`, 'udp', only(tunnel.port), nodes)),
    ...(wireguard === undefined ? [] : incoming('Cilium wireguard', 'udp', only(wireguard), nodes)),
    ...incoming('Cilium health', 'tcp', only(overlayPorts.ciliumHealth), nodes),
    // Hubble Relay is a pod that connects to the agents of all nodes.
    ...incoming('Cilium Hubble', 'tcp', only(overlayPorts.ciliumHubble), cluster),
  ]
}

function extraRules({ firewall }: ClusterSpec, host: HostSpec): readonly FirewallRule[] {
  return firewall.extraPorts
    .filter(({ roles }) => roles === undefined || roles.some(role => host.roles.includes(role)))
    .flatMap(({ protocol, ports, from }) => incoming('spec.firewall.extraPorts', protocol, ports, from))
}

function incoming(
  why: string,
  protocol: 'tcp' | 'udp',
  ports: PortRange,
  sources: readonly string[],
): readonly FirewallRule[] {
  return collapsed(sources).map(from => ({ way: 'in', protocol, ports, from, to: anywhere, why }))
}

/**
 * Removes sources that another source contains. All of IPv4 becomes `anywhere`. Except for a sort, the time is linear in
 * `sources`.
 */
function collapsed(sources: readonly string[]): readonly string[] {
  const ranges = [...new Set(sources)].flatMap(source => rangeOf(source) ?? [])
  // Two ranges are nested or disjoint. In this order, a wider range comes first, and the ranges in it follow it directly.
  const sorted = [...new Map(ranges.map(range => [range.text, range])).values()].sort(
    (one, other) => one.first - other.first || one.prefix - other.prefix,
  )
  const outer = new Set<string>()
  let end = -1
  for (const { text, last } of sorted) {
    if (last <= end) continue
    outer.add(text)
    end = last
  }
  return [...new Set(ranges.map(({ text }) => text))]
    .filter(text => outer.has(text))
    .map(text => (text.endsWith('/0') ? anywhere : text.replace(/\/32$/, '')))
}

function rangeOf(source: string) {
  return parseIpv4Range(source.includes('/') ? source : `${source}/32`)
}

function only(port: number): PortRange {
  return { first: port, last: port }
}

function isEtcdMember({ etcd }: ClusterSpec, host: HostSpec): boolean {
  return etcd.topology === 'stacked' ? isControlPlane(host) : isEtcdHost(host)
}
