import type { ClusterSpec } from '../config/index.ts'

/** How Cilium's packets travel between nodes. */
export interface CiliumPath {
  /** Undefined if packets travel with the addresses of pods, without a tunnel. */
  readonly tunnel?: { readonly name: 'VXLAN' | 'Geneve'; readonly port: number }
  /** The UDP port of WireGuard, which then carries all packets of pods; undefined if WireGuard does not encrypt them. */
  readonly wireguard?: number
}

/**
 * Reads the values for Cilium in cluster.yaml. The defaults are those of roles/cilium/values.ts, then those of values.yaml
 * in upstream's chart 1.20. The port of WireGuard is fixed (pkg/wireguard/types).
 */
export function ciliumPath({ cilium }: ClusterSpec['network']): CiliumPath {
  const { routingMode, tunnelProtocol, tunnelPort, encryption } = cilium.values as Partial<{
    routingMode: unknown
    tunnelProtocol: unknown
    tunnelPort: unknown
    encryption: { enabled?: unknown; type?: unknown } | null
  }>
  const name = tunnelProtocol === 'geneve' ? 'Geneve' : 'VXLAN'
  const port = typeof tunnelPort === 'number' && tunnelPort > 0 ? tunnelPort : { VXLAN: 8472, Geneve: 6081 }[name]
  const encrypted = encryption?.enabled === true && encryption.type === 'wireguard'
  return {
    ...(routingMode === 'native' ? {} : { tunnel: { name, port } }),
    ...(encrypted ? { wireguard: 51_871 } : {}),
  }
}
