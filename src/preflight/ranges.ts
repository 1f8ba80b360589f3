import { isIPv4 } from 'node:net'
import { type HostFacts, type HostSpec, isNode, overlap, parseIpv4Range } from '../index.ts'
import { type CheckedCluster, type Finding, finding } from './finding.ts'
import { isOrWasBegun } from './node.ts'

/** Interfaces of pod networks. Networks behind them belong to a cluster; another check reports these interfaces. */
const podInterfaces =
  /^(cni\d+|flannel.*|cilium_.*|lxc.*|vxlan.*\.calico|cali.*|wireguard\.cali|tunl0|kube-ipvs0|weave)$/

interface Place {
  readonly range: string
  /** Text for people, e.g. `10.0.0.0/8 on eth0`. */
  readonly what: string
}

/**
 * Compares the ranges of pods and services with all networks that a host knows. Whatever lies in both can no longer be
 * reached from the node, whichever is larger. A host that is a node already has the routes of the cluster and is left
 * alone.
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
      problem: `spec.network.${key} overlaps with networks around the host, which the host could then no longer reach.`,
      expected: `a range that has nothing in common with ${text}`,
      actual: taken.map(({ what }) => what).join('\n'),
      next: `Set spec.network.${key} to a range that nobody uses; or, if nobody uses the network, remove the route or the address from the host.`,
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
    // Without `ip`, the facts have no networks, only addresses.
    ...(networks.length === 0 ? single(addresses, 'address') : []),
    ...single(nameservers, 'name server'),
    ...single(endpoint?.addresses ?? [], 'API endpoint'),
  ]
  // The network of an address appears twice: by the address and by a route.
  return [...new Map(all.map(place => [place.what, place])).values()]
}
