import { isIP, isIPv6 } from 'node:net'
import type { ClusterSpec, HostSpec } from '../config/index.ts'
import { UserError } from '../core/index.ts'
import type { HostFacts } from '../facts/index.ts'
import { etcdPorts } from './etcd-ports.ts'
import type { Machine } from './machines.ts'
import { isControlPlane } from './nodes.ts'
import { privateAddressOf } from './private-address.ts'

/**
 * The control plane node through which evcctl changes the cluster: the first host of cluster.yaml that is a control plane
 * node already, so that no particular machine is needed. One whose API server runs, and its member of a stacked etcd, goes before
 * those where less runs. If there is none, it is the first host with that role, which will run kubeadm init. Throws UserError if no host has
 * that role.
 */
export function firstControlPlaneHost(spec: ClusterSpec, facts: ReadonlyMap<string, HostFacts>): HostSpec {
  const hosts = spec.hosts.filter(isControlPlane)
  const { bindPort } = spec.controlPlane
  const ports = spec.etcd.topology === 'stacked' ? [bindPort, etcdPorts.clients] : [bindPort]
  const standing = hosts.filter(host => facts.get(host.name)?.kubernetes.controlPlane === true)
  const listens = (host: HostSpec, wanted: number) =>
    facts.get(host.name)?.listening.some(({ port }) => port === wanted) === true
  const first =
    standing.find(host => ports.every(port => listens(host, port))) ??
    standing.find(host => listens(host, bindPort)) ??
    standing[0] ??
    hosts[0]
  if (first !== undefined) return first
  throw new UserError({
    where: `${spec.file} spec.hosts`,
    problem: 'There is no host with the role control-plane.',
    next: 'Give one host that role.',
  })
}

/** The machine of firstControlPlaneHost(). Throws UserError if it did not answer. */
export function firstControlPlane(spec: ClusterSpec, machines: readonly Machine[], host: HostSpec): Machine {
  const first = machines.find(machine => machine.host === host)
  if (first !== undefined) return first
  throw new UserError({
    where: host.name,
    problem:
      'The first control plane node cannot be reached, and no other host is a control plane node yet. Without one, evcctl can neither plan nor apply anything.',
    next: `Find out why: evcctl ping ${spec.file}`,
  })
}

/** A control plane node of cluster.yaml, whether it answered or not, with the address at which other nodes reach it. */
export interface ControlPlaneNode {
  readonly host: HostSpec
  readonly address: string
}

/**
 * All control plane nodes of cluster.yaml, in its order. A node that does not answer stays an upstream of the proxies and a
 * name in the certificates. Throws UserError if such a node has an address that only the node itself knows.
 */
export function controlPlaneNodes(spec: ClusterSpec, machines: readonly Machine[]): readonly ControlPlaneNode[] {
  const answered = new Map(machines.map(({ host, address }) => [host, address]))
  return spec.hosts.filter(isControlPlane).map(host => {
    const address = answered.get(host) ?? privateAddressOf(host)
    if (address === undefined) throw unknownAddress(spec, host)
    return { host, address }
  })
}

/** The `host:port` at which every node reaches the API. kubeadm expects names in lower case. */
export function endpointOf({ controlPlane }: ClusterSpec): string {
  return controlPlane.endpoint?.toLowerCase() ?? `127.0.0.1:${controlPlane.localProxyPort}`
}

/** The `host:port` of the API server that runs on this control plane node. */
export function ownApiOf({ controlPlane }: ClusterSpec, { address }: Machine): string {
  return `${isIPv6(address) ? `[${address}]` : address}:${controlPlane.bindPort}`
}

/** The names and addresses in the API server's certificate, without those that kubeadm adds by itself. */
export function certSANsOf(spec: ClusterSpec, controlPlane: readonly ControlPlaneNode[]): readonly string[] {
  const names = controlPlane.flatMap(({ host, address }) => [host.name, ...certNameOf(host.address), address])
  const endpoint = endpointOf(spec)
  const name = endpoint.slice(0, endpoint.lastIndexOf(':')).replace(/^\[|\]$/g, '')
  return [...new Set([...names, name, '127.0.0.1', 'localhost', ...lowerCase(spec.controlPlane.extraSANs)])]
}

// The address may be a Host alias of ~/.ssh/config, which no certificate can name. kubeadm accepts RFC 1123 subdomains in
// lower case.
function certNameOf(address: string): readonly string[] {
  const name = address.toLowerCase()
  return isIP(name) !== 0 || /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name)
    ? [name]
    : []
}

function lowerCase(names: readonly string[]): readonly string[] {
  return names.map(name => name.toLowerCase())
}

function unknownAddress(spec: ClusterSpec, host: HostSpec): UserError {
  return new UserError({
    where: `${spec.file} spec.hosts: ${host.name}`,
    problem:
      'This control plane node cannot be reached, and the file does not have the address at which the other nodes reach it.',
    expected: 'an IP address as privateAddress or address',
    actual: `address ${host.address}`,
    next: 'Set privateAddress, or bring the host back.',
  })
}
