import { isIP } from 'node:net'
import type { HostSpec } from '../config/index.ts'
import type { HostFacts } from '../facts/index.ts'

/**
 * The address that the nodes use among themselves: the one that cluster.yaml names, else `address` if it is an IP,
 * else the source address of the default route. Undefined: cluster.yaml has to name one, or (without facts, for a host
 * that does not answer) it cannot be known.
 */
export function privateAddressOf(host: HostSpec, facts?: HostFacts): string | undefined {
  if (host.privateAddress !== undefined) return host.privateAddress
  if (isIP(host.address) !== 0) return host.address
  return facts?.defaultRoute?.address
}
