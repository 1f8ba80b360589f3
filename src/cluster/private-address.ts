import { isIP } from 'node:net'
import type { HostSpec } from '../config/index.ts'
import type { HostFacts } from '../facts/index.ts'

/**
 * The address at which the other nodes reach a host: privateAddress in cluster.yaml, else `address` if it is an IP address,
 * else the source address of the default route. It is undefined if none of these is known; a host that does not answer has
 * no default route here.
 */
export function privateAddressOf(host: HostSpec, facts?: HostFacts): string | undefined {
  if (host.privateAddress !== undefined) return host.privateAddress
  if (isIP(host.address) !== 0) return host.address
  return facts?.defaultRoute?.address
}
