import { isIP, isIPv4 } from 'node:net'
import type { FactModule } from '../core/facts.ts'
import { parseAddresses } from './addresses.ts'
import { expectAtMost, expectThat, isInterface } from './checks.ts'
import { type DefaultRoute, type HostNetwork, parseDefaultRoute, parseNetworks, parseRouteTable } from './routes.ts'

const mostAddresses = 20_000
// So many lines fit into the facts of a host.
const mostNetworks = 100_000

export interface NetworkFacts {
  /** All addresses of the host except 127.0.0.0/8 and ::1, without prefix length; those of the interface lo are last. */
  readonly addresses: readonly string[]
  /** Undefined when there is no default route. */
  readonly defaultRoute: DefaultRoute | undefined
  /** IPv4 networks, from the host's addresses and routes. */
  readonly networks: readonly HostNetwork[]
}

/** The script also reads /proc, for hosts that have no `ip`. */
export const networkFacts: FactModule<NetworkFacts> = {
  script: `at addresses; ip -o addr show 2>/dev/null
at fib; command -v ip >/dev/null 2>&1 || cat /proc/net/fib_trie 2>/dev/null
at if-inet6; command -v ip >/dev/null 2>&1 || cat /proc/net/if_inet6 2>/dev/null
at routes; cat /proc/net/route 2>/dev/null
at default-route; ip -4 route show default 2>/dev/null
`,
  parse(sections) {
    const addresses = parseAddresses(sections)
    const routes = parseRouteTable(sections('routes'))
    const facts = {
      addresses: [...new Set(addresses.map(({ address }) => address))],
      defaultRoute: parseDefaultRoute(sections, addresses, routes),
      networks: parseNetworks(sections, routes),
    }
    check(facts)
    return facts
  },
}

function check({ addresses, defaultRoute, networks }: NetworkFacts): void {
  expectAtMost(addresses, mostAddresses, 'addresses')
  expectAtMost(networks, mostNetworks, 'networks')
  for (const address of addresses) expectThat(isIP(address) !== 0, 'an address', address)
  if (defaultRoute !== undefined) {
    expectThat(isInterface(defaultRoute.interface), 'the interface of its default route', defaultRoute.interface)
    expectThat(isIP(defaultRoute.address) !== 0, 'the address of its default route', defaultRoute.address)
  }
  for (const { device, range } of networks) {
    expectThat(isInterface(device), 'an interface', device)
    expectThat(isNetwork(range), 'a network', range)
  }
}

function isNetwork(range: string): boolean {
  const [address = '', prefix = ''] = range.split('/')
  return isIPv4(address) && /^\d{1,2}$/.test(prefix) && Number(prefix) <= 32
}
