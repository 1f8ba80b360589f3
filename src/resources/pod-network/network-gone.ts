import type { Resource } from '../../core/resource.ts'
import { quote, quoteAll } from '../../shell/quote.ts'
import { linesOf } from '../support/index.ts'
import { ownRulesFunction, packetFilters } from './own-rules.ts'

export interface NetworkGoneParameters {
  /** The pod network that the node had; `none`: somebody else's. */
  readonly network: 'flannel' | 'calico' | 'cilium' | 'none'
  /** CIDR of the pods: routes to parts of it through other nodes are removed. */
  readonly podCIDR: string
}

export interface NetworkGoneState {
  readonly interfaces: readonly string[]
  /** Destinations, e.g. `10.244.1.0/24`. */
  readonly routes: readonly string[]
  /** The tables of iptables that have chains of Kubernetes, e.g. `iptables-nft nat: 23 chains`. */
  readonly chains: readonly string[]
  /** Tables of nftables that kube-proxy made, e.g. `ip kube-proxy`. */
  readonly tables: readonly string[]
}

// Names of interfaces that each pod network makes on a node, as patterns of sh. kube-ipvs0 is kube-proxy's.
const interfaces = {
  flannel: ['cni0', 'flannel.*', 'flannel-v6.*'],
  calico: ['cali*', 'vxlan.calico', 'vxlan-v6.calico', 'wireguard.cali', 'wg-v6.cali'],
  cilium: ['cilium_*', 'lxc_health'],
  none: [],
} as const

/**
 * Nothing of the pod network and of kube-proxy is left in the kernel of a host that is no node any more: their interfaces,
 * routes and chains. Rules of others stay, and so do their chains and their order. It has to come after the node's pods are
 * gone; otherwise they would make all of it again.
 */
export function networkGone({
  network,
  podCIDR,
}: NetworkGoneParameters): Resource<NetworkGoneState, Record<never, never>> {
  const patterns = [...interfaces[network], 'kube-ipvs0']
  return {
    kind: 'network of pods',
    name: '',
    probe: {
      script: probeScript(patterns, podCIDR),
      parse: raw => ({
        interfaces: linesOf(raw, 'interface'),
        routes: linesOf(raw, 'route'),
        chains: linesOf(raw, 'chains'),
        tables: linesOf(raw, 'table'),
      }),
    },
    desired: {},
    diff(current) {
      const fields = [
        ...current.interfaces.map(field => ({ field, before: 'interface', after: 'nothing' })),
        ...current.routes.map(field => ({ field, before: 'route', after: 'nothing' })),
        ...current.chains.map(line => {
          const at = line.indexOf(': ')
          return { field: line.slice(0, at), before: line.slice(at + 2), after: 'nothing' }
        }),
        ...current.tables.map(field => ({ field: `nftables ${field}`, before: 'table', after: 'nothing' })),
      ]
      if (fields.length === 0) return undefined
      return { action: 'delete', fields, note: 'rules of others stay' }
    },
    converge: current => [{ run: removeScript(current) }],
    explain: failure => ({
      problem: 'The network of the pods could not be taken back.',
      actual: failure.stderr.trim(),
      next: 'Run the same command again. If it fails again, a restart of the host removes all of it.',
    }),
  }
}

function probeScript(patterns: readonly string[], podCIDR: string): string {
  return `${ownRulesFunction}for device in /sys/class/net/*; do
  case \${device##*/} in ${patterns.join('|')}) echo "interface=\${device##*/}" ;; esac
done
ip -4 route show root ${quote(podCIDR)} 2>/dev/null | sed -n 's/^\\([0-9./]*\\) via .*/route=\\1/p'
for filter in ${packetFilters.join(' ')}; do
  own_rules $filter | awk -v filter=$filter '
    /^\\*/ { table = substr($0, 2); chains = 0; next }
    /^-X/ { chains++ }
    /^COMMIT/ { printf "chains=%s %s: %d %s\\n", filter, table, chains, chains == 1 ? "chain" : "chains" }'
done
if command -v nft >/dev/null 2>&1; then
  nft list tables 2>/dev/null | sed -n -E 's/^table (ip6? (kube-proxy|flannel-ipv[46]))$/table=\\1/p'
fi
`
}

// An interface may go by itself meanwhile, e.g. together with the namespace of a pod.
function removeScript({ interfaces: devices, routes, tables }: NetworkGoneState): string {
  const lines = [
    ...routes.map(
      route => `ip -4 route delete ${quote(route)} || ! ip -4 route show exact ${quote(route)} | grep -q .`,
    ),
    ...(devices.length === 0
      ? []
      : [
          `for device in ${quoteAll(devices)}; do ip link delete dev "$device" || [ ! -e "/sys/class/net/$device" ]; done`,
        ]),
    `for filter in ${packetFilters.join(' ')}; do
  rules=$(own_rules $filter)
  if [ -n "$rules" ]; then printf '%s\\n' "$rules" | "$filter-restore" --noflush --wait 5; fi
done`,
    ...tables.map(table => `nft delete table ${quoteAll(table.split(' '))}`),
  ]
  return `${ownRulesFunction}${lines.join('\n')}\n`
}
