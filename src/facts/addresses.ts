import { isIP } from 'node:net'
import type { Sections } from '../core/facts.ts'
import { compressIPv6 } from './proc-net.ts'

/** One address of a host. `device` is empty where evcctl could read only /proc. */
export interface HostAddress {
  readonly device: string
  readonly address: string
  readonly secondary: boolean
}

/**
 * All addresses of the host except 127.0.0.0/8 and ::1. They come from `ip -o addr`, or from /proc where there is no `ip`.
 * Addresses of the interface lo are last: routing daemons may keep an address of the host there.
 */
export function parseAddresses(sections: Sections): readonly HostAddress[] {
  const found = sections('addresses').flatMap(line => {
    const [, device, address, rest = ''] = /^\d+:\s+([^\s@:]+)(?:[@:]\S*)?\s+inet6?\s+([^\s/]+)(.*)/.exec(line) ?? []
    if (device === undefined || address === undefined || isLoopback(address)) return []
    return [{ device, address, secondary: /\bsecondary\b/.test(rest) }]
  })
  const all = found.length > 0 ? found : [...parseFibTrie(sections('fib')), ...parseIfInet6(sections('if-inet6'))]
  // These addresses are written into files and scripts of other hosts, so anything that is no address is left out.
  const sound = all.filter(({ address }) => isIP(address) !== 0)
  return sound.sort((a, b) => Number(a.device === 'lo') - Number(b.device === 'lo'))
}

/** Whether an address reaches only the host itself. The text may have a prefix length. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}

// /proc/net/fib_trie names an address in the line before each `/32 host LOCAL`.
function parseFibTrie(lines: readonly string[]): readonly HostAddress[] {
  const local = lines.flatMap((line, index) => {
    const address = /\|--\s+(\S+)/.exec(lines[index - 1] ?? '')?.[1]
    return address !== undefined && /\/32 host LOCAL/.test(line) && !address.startsWith('127.') ? [address] : []
  })
  return [...new Set(local)].map(address => ({ device: '', address, secondary: false }))
}

// Columns of /proc/net/if_inet6: address, index, prefix length, scope, flags, device.
function parseIfInet6(lines: readonly string[]): readonly HostAddress[] {
  return lines
    .map(line => line.trim().split(/\s+/))
    .filter(columns => columns[5] !== undefined && /^[0-9a-f]{32}$/i.test(columns[0]!))
    .map(columns => ({ device: columns[5]!, address: compressIPv6(columns[0]!), secondary: false }))
    .filter(({ address }) => !isLoopback(address))
}
