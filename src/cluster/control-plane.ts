import { isIP, isIPv6 } from 'node:net'
import type { ClusterSpec, HostSpec } from '../config/index.ts'
import { UserError } from '../core/index.ts'
import type { HostFacts } from '../facts/index.ts'
import type { Machine } from './machines.ts'
import { isControlPlane } from './nodes.ts'
import { privateAddressOf } from './private-address.ts'

/**
 * The control plane node through which the cluster is worked on: the first of cluster.yaml that is one already, so that
 * no single machine is needed; where there is no cluster yet, the first host with that role, which will run kubeadm init.
 * Throws UserError when there is no host with that role.
 */
export function firstControlPlaneHost(spec: ClusterSpec, facts: ReadonlyMap<string, HostFacts>): HostSpec {
  const hosts = spec.hosts.filter(isControlPlane)
  const first = hosts.find(host => facts.get(host.name)?.kubernetes.controlPlane === true) ?? hosts[0]
  if (first !== undefined) return first
  throw new UserError({
    where: `${spec.file} spec.hosts`,
    problem: 'There is no host with the role control-plane.',
    next: 'Give one host that role.',
  })
}

/** The machine of firstControlPlaneHost(). Throws UserError when it did not answer. */
export function firstControlPlane(spec: ClusterSpec, machines: readonly Machine[], host: HostSpec): Machine {
  const first = machines.find(machine => machine.host === host)
  if (first !== undefined) return first
  throw new UserError({
    where: host.name,
    problem:
      'The first control plane node cannot be reached, and no other one is a control plane node yet: nothing can be said or done without it.',
    next: `Find out why: evcctl ping ${spec.file}`,
  })
}

/** A control plane node of cluster.yaml, whether it answered or not, with the address that the others know it by. */
export interface ControlPlaneNode {
  readonly host: HostSpec
  readonly address: string
}

/**
 * All control plane nodes of cluster.yaml in its order: one that is off stays an upstream of the proxies and a name in
 * the certificates. Throws UserError for one that did not answer and whose address only the host itself knows.
 */
export function controlPlaneNodes(spec: ClusterSpec, machines: readonly Machine[]): readonly ControlPlaneNode[] {
  const answered = new Map(machines.map(({ host, address }) => [host, address]))
  return spec.hosts.filter(isControlPlane).map(host => {
    const address = answered.get(host) ?? privateAddressOf(host)
    if (address === undefined) throw unknownAddress(spec, host)
    return { host, address }
  })
}

/** The `host:port` at which every node reaches the API, in lower case, as kubeadm expects names. */
export function endpointOf({ controlPlane }: ClusterSpec): string {
  return controlPlane.endpoint?.toLowerCase() ?? `127.0.0.1:${controlPlane.localProxyPort}`
}

/** `host:port` of the API server on a control plane node itself. */
export function ownApiOf({ controlPlane }: ClusterSpec, { address }: Machine): string {
  return `${isIPv6(address) ? `[${address}]` : address}:${controlPlane.bindPort}`
}

/** What the API server's certificate is for, besides what kubeadm adds by itself. */
export function certSANsOf(spec: ClusterSpec, controlPlane: readonly ControlPlaneNode[]): readonly string[] {
  const names = controlPlane.flatMap(({ host, address }) => [host.name, ...certNameOf(host.address), address])
  const endpoint = endpointOf(spec)
  const name = endpoint.slice(0, endpoint.lastIndexOf(':')).replace(/^\[|\]$/g, '')
  return [...new Set([...names, name, '127.0.0.1', 'localhost', ...lowerCase(spec.controlPlane.extraSANs)])]
}

// A Host alias of ~/.ssh/config may be what no certificate can name: only kubeadm's kind of names goes in, RFC 1123
// subdomains in lower case.
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
      'This control plane node cannot be reached, and the file does not say by which address the other nodes reach it.',
    expected: 'an IP address as privateAddress or address',
    actual: `address ${host.address}`,
    next: 'Set privateAddress, or bring the host back.',
  })
}
