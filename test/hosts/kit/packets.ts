import type { LocalHosts } from '../../../src/local/hosts.ts'

/** Packets to drop, both ways. */
export interface PacketFilter {
  /** Address of the other side. Default: any. */
  readonly peer?: string
  /** Port on either side. Default: any. */
  readonly port?: number
  /** What the port is of. Default: TCP. */
  readonly protocol?: 'tcp' | 'udp'
}

/**
 * Drops packets between a host and others until disposed of: `await using _ = await dropPackets(hosts, 'w1', { port: 22 })`.
 * Loopback traffic is left alone; so are the host's own firewall rules.
 */
export async function dropPackets(hosts: LocalHosts, name: string, filter: PacketFilter): Promise<AsyncDisposable> {
  const table = 'inet evcctl_test_drop'
  const { protocol = 'tcp' } = filter
  const rules = (side: 's' | 'd', device: 'iif' | 'oif') => {
    const peer = filter.peer === undefined ? '' : `ip ${side}addr ${filter.peer}`
    const ports =
      filter.port === undefined ? [''] : [`${protocol} sport ${filter.port}`, `${protocol} dport ${filter.port}`]
    return ports.map(port => `${device} != lo ${peer} ${port} drop`).join('; ')
  }
  await nft(
    hosts,
    name,
    `table ${table} {
      chain input { type filter hook input priority -300; ${rules('s', 'iif')}; }
      chain output { type filter hook output priority -300; ${rules('d', 'oif')}; }
    }`,
  )
  return { [Symbol.asyncDispose]: () => nft(hosts, name, `delete table ${table}`) }
}

async function nft(hosts: LocalHosts, name: string, rules: string): Promise<void> {
  const { exitCode, stderr } = await hosts.exec(name, ['nft', rules])
  if (exitCode !== 0) throw new Error(`nft on ${name} exited with ${exitCode}: ${stderr}`)
}
