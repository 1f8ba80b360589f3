import { isIP, isIPv6 } from 'node:net'
import { privateAddressOf } from '../roles/preflight/index.ts'
import { type ClusterSpec, type HostFacts, type HostSpec, type HttpProxy, UserError } from '../src/index.ts'

/** A host that answered, with what the others know it by. */
export interface Machine {
  readonly host: HostSpec
  readonly facts: HostFacts
  /** The address that the nodes use among themselves. */
  readonly address: string
  /** Through what it downloads; undefined: as the host itself is set up. */
  readonly proxy?: HttpProxy
}

/** The hosts that answered, in the order of cluster.yaml. Throws UserError for one that has no address for its peers. */
export function machinesOf(
  spec: ClusterSpec,
  facts: ReadonlyMap<string, HostFacts>,
  proxy?: HttpProxy,
): readonly Machine[] {
  return spec.hosts.flatMap(host => {
    const known = facts.get(host.name)
    if (known === undefined) return []
    const address = privateAddressOf(host, known)
    if (address === undefined) throw noAddress(spec, host)
    return [{ host, facts: known, address, ...(proxy === undefined ? {} : { proxy }) }]
  })
}

/**
 * The control plane node through which the cluster is worked on: the first of cluster.yaml that is one already, so that
 * no single machine is needed; where there is no cluster yet, the first host with that role, which will run kubeadm init.
 * Throws UserError when there is no host with that role.
 */
export function firstControlPlaneHost(spec: ClusterSpec, facts: ReadonlyMap<string, HostFacts>): HostSpec {
  const hosts = spec.hosts.filter(host => host.roles.includes('control-plane'))
  const first = hosts.find(host => facts.get(host.name)?.kubernetes.controlPlane === true) ?? hosts[0]
  if (first !== undefined) return first
  throw new UserError({
    where: `${spec.file} spec.hosts`,
    problem: 'There is no host with the role control-plane.',
    next: 'Give one host that role.',
  })
}

/** The machine of firstControlPlaneHost(). Throws UserError when it did not answer. */
export function firstControlPlane(spec: ClusterSpec, machines: readonly Machine[]): Machine {
  const facts = new Map(machines.map(machine => [machine.host.name, machine.facts]))
  const host = firstControlPlaneHost(spec, facts)
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
  return spec.hosts
    .filter(host => host.roles.includes('control-plane'))
    .map(host => {
      const found = machines.find(machine => machine.host === host)?.address ?? host.privateAddress
      const address = found ?? (isIP(host.address) === 0 ? undefined : host.address)
      if (address === undefined) throw unknownAddress(spec, host)
      return { host, address }
    })
}

/** Whether a host is a node of the cluster: one that only runs etcd is not. */
export function isNode(host: HostSpec): boolean {
  return host.roles.includes('control-plane') || host.roles.includes('worker')
}

/** `host:port` by which every node reaches the API; in lower case, as kubeadm wants names. */
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

function noAddress(spec: ClusterSpec, host: HostSpec): UserError {
  return new UserError({
    where: `${spec.file} spec.hosts: ${host.name}`,
    problem: 'It is not known by which address the other nodes reach this host.',
    expected: 'an IP address as privateAddress or address, or a default route on the host',
    actual: `address ${host.address}, no IPv4 default route`,
    next: 'Set privateAddress.',
  })
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
