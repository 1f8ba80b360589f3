import { isIP } from 'node:net'
import { privateAddressOf } from '../roles/preflight/index.ts'
import { type ClusterSpec, type HostFacts, type HostSpec, UserError } from '../src/index.ts'

/** A host that answered, with what the others know it by. */
export interface Machine {
  readonly host: HostSpec
  readonly facts: HostFacts
  /** The address that the nodes use among themselves. */
  readonly address: string
}

/** The hosts that answered, in the order of cluster.yaml. Throws UserError for one that has no address for its peers. */
export function machinesOf(spec: ClusterSpec, facts: ReadonlyMap<string, HostFacts>): readonly Machine[] {
  return spec.hosts.flatMap(host => {
    const known = facts.get(host.name)
    if (known === undefined) return []
    const address = privateAddressOf(host, known)
    if (address === undefined) throw noAddress(spec, host)
    return [{ host, facts: known, address }]
  })
}

/** The first control plane node: the first host of cluster.yaml with that role. Throws UserError when it did not answer. */
export function firstControlPlane(spec: ClusterSpec, machines: readonly Machine[]): Machine {
  const wanted = spec.hosts.find(host => host.roles.includes('control-plane'))
  const first = machines.find(({ host }) => host === wanted)
  if (first !== undefined) return first
  throw new UserError({
    where: wanted === undefined ? `${spec.file} spec.hosts` : wanted.name,
    problem:
      wanted === undefined
        ? 'There is no host with the role control-plane.'
        : 'The first control plane node cannot be reached: nothing can be said or done about the cluster without it.',
    next: wanted === undefined ? 'Give one host that role.' : `Find out why: evcctl ping ${spec.file}`,
  })
}

/** The control plane nodes among the machines, in the order of cluster.yaml. */
export function controlPlanes(machines: readonly Machine[]): readonly Machine[] {
  return machines.filter(({ host }) => host.roles.includes('control-plane'))
}

/** `host:port` by which every node reaches the API; in lower case, as kubeadm wants names. */
export function endpointOf({ controlPlane }: ClusterSpec): string {
  return controlPlane.endpoint?.toLowerCase() ?? `127.0.0.1:${controlPlane.localProxyPort}`
}

/** What the API server's certificate is for, besides what kubeadm adds by itself. */
export function certSANsOf(spec: ClusterSpec, controlPlane: readonly Machine[]): readonly string[] {
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
    came: `address ${host.address}, no IPv4 default route`,
    next: 'Set privateAddress.',
  })
}
