import type { ClusterSpec, HostSpec } from '../config/index.ts'
import { type HttpProxy, UserError } from '../core/index.ts'
import type { HostFacts } from '../facts/index.ts'
import { privateAddressOf } from './private-address.ts'

/** A host that answered, with the address at which the others reach it. */
export interface Machine {
  readonly name: string
  readonly host: HostSpec
  readonly facts: HostFacts
  /** The address that the nodes use among themselves. */
  readonly address: string
  /** The proxy for its downloads; undefined: the host's own settings apply. */
  readonly proxy?: HttpProxy
}

/** The hosts that answered, in the order of cluster.yaml. Throws UserError if one has no address for the other nodes. */
export function machinesOf(
  spec: ClusterSpec,
  facts: ReadonlyMap<string, HostFacts>,
  proxy?: HttpProxy,
): readonly Machine[] {
  return spec.hosts.flatMap(host => {
    const { name } = host
    const known = facts.get(name)
    if (known === undefined) return []
    const address = privateAddressOf(host, known)
    if (address === undefined) throw noAddress(spec, host)
    return [{ name, host, facts: known, address, ...(proxy === undefined ? {} : { proxy }) }]
  })
}

function noAddress(spec: ClusterSpec, host: HostSpec): UserError {
  return new UserError({
    where: `${spec.file} spec.hosts: ${host.name}`,
    problem: 'evcctl does not know at which address the other nodes reach this host.',
    expected: 'an IP address as privateAddress or address, or a default route on the host',
    actual: `address ${host.address}, no IPv4 default route`,
    next: 'Set privateAddress.',
  })
}
