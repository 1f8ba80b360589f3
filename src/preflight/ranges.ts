import { isIPv4 } from 'node:net'
import { type HostFacts, type HostSpec, isNode, overlap, parseIpv4Range } from '../index.ts'
import { type CheckedCluster, type Finding, finding } from './finding.ts'
import { isOrWasBegun } from './node.ts'

/** Interfaces of pod networks: what lies behind them is of a cluster, and told of by the check of interfaces. */
const podInterfaces =
  /^(cni\d+|flannel.*|cilium_.*|lxc.*|vxlan.*\.calico|cali.*|wireguard\.cali|tunl0|kube-ipvs0|weave)$/

interface Place {
  readonly range: string
  /** In words, e.g. `its network 10.0.0.0/8 on eth0`. */
  readonly what: string
}

/**
 * The ranges of pods and services against all that a host knows of the networks around it. What lies in both can no longer
 * be reached from the node, whichever is the larger. A standing node has the cluster's own routes, and is left alone.
 */
export function* rangeChecks({ spec }: CheckedCluster, host: HostSpec, facts: HostFacts): Iterable<Finding> {
  if (isOrWasBegun(facts) || !isNode(host)) return
  const places = placesOf(facts)
  for (const [key, text] of [
    ['podCIDR', spec.network.podCIDR],
    ['serviceCIDR', spec.network.serviceCIDR],
  ] as const) {
    const range = parseIpv4Range(text)
    if (range === undefined) continue
    const taken = places.filter(place => {
      const other = parseIpv4Range(place.range)
      return other !== undefined && overlap(range, other)
    })
    if (taken.length === 0) continue
    yield finding('ranges', host, {
      problem: `spec.network.${key} overlaps with what the host knows as networks of others: it could no longer reach them.`,
      expected: `a range that has nothing in common with ${text}`,
      actual: taken.map(({ what }) => what).join('\n'),
      next: `Set spec.network.${key} to a range that nobody uses; or, if the network is not in use, take the route or the address away.`,
    })
  }
}

function placesOf({ networks, nameservers, addresses, endpoint }: HostFacts): readonly Place[] {
  const own = networks.filter(({ device }) => !podInterfaces.test(device))
  const places: Place[] = own.flatMap(({ range, device, gateway }) =>
    gateway === undefined
      ? [{ range, what: `${range} on ${device}` }]
      : [
          { range, what: `route to ${range} by ${gateway} on ${device}` },
          { range: `${gateway}/32`, what: `router ${gateway} on ${device}` },
        ],
  )
  const single = (list: readonly string[], what: string) =>
    list.filter(address => isIPv4(address)).map(address => ({ range: `${address}/32`, what: `${what} ${address}` }))
  const all = [
    ...places,
    // Where `ip` is missing there are no networks with prefixes, but addresses.
    ...(networks.length === 0 ? single(addresses, 'address') : []),
    ...single(nameservers, 'name server'),
    ...single(endpoint?.addresses ?? [], 'API endpoint'),
  ]
  // An address's own network is there twice: as an address and as a route.
  return [...new Map(all.map(place => [place.what, place])).values()]
}
