import { isIP, isIPv4 } from 'node:net'
import type { HostFacts, HostNetwork } from '../core/host.ts'
import type { Sections } from './facts-parse.ts'

/** One address of a host; `device` is empty where only /proc could be read. */
export interface HostAddress {
  readonly device: string
  readonly address: string
  readonly secondary: boolean
}

// All addresses are compared with all networks of a device; both are as many as the host says.
const mostCompared = 1000

/** A route of the kernel; addresses as numbers. */
export interface Route {
  readonly device: string
  readonly destination: number
  readonly mask: number
  /** 0: the network is on the device itself. */
  readonly gateway: number
  readonly metric: number
}

/**
 * All addresses but 127.0.0.0/8 and ::1, of `ip -o addr`, or of /proc where there is no `ip`. Those of interface lo, where
 * routing daemons keep the address of a host, come last.
 */
export function parseAddresses(sections: Sections): readonly HostAddress[] {
  const found = sections('addresses').flatMap(line => {
    const [, device, address, rest = ''] = /^\d+:\s+([^\s@:]+)(?:[@:]\S*)?\s+inet6?\s+([^\s/]+)(.*)/.exec(line) ?? []
    if (device === undefined || address === undefined || isLoopback(address)) return []
    return [{ device, address, secondary: /\bsecondary\b/.test(rest) }]
  })
  const all = found.length > 0 ? found : [...parseFibTrie(sections('fib')), ...parseIfInet6(sections('if-inet6'))]
  // Other hosts get them in files and scripts.
  const sound = all.filter(({ address }) => isIP(address) !== 0)
  return sound.sort((a, b) => Number(a.device === 'lo') - Number(b.device === 'lo'))
}

/** The IPv4 networks that the host is in, by its addresses, and those that it has routes to, without the default. */
export function parseNetworks(sections: Sections, table: readonly Route[]): readonly HostNetwork[] {
  const own = sections('addresses').flatMap(line => {
    const [, device = '', range = ''] =
      /^\d+:\s+([^\s@:]+)(?:[@:]\S*)?\s+inet\s+(\d+\.\d+\.\d+\.\d+(?:\/\d+)?)/.exec(line) ?? []
    if (range === '' || isLoopback(range)) return []
    return [{ range: range.includes('/') ? range : `${range}/32`, device }]
  })
  const routes = table.flatMap(({ device, destination, mask, gateway }) => {
    if (mask === 0) return []
    const range = `${toText(destination)}/${prefixOf(mask)}`
    return [{ range, device, ...(gateway === 0 ? {} : { gateway: toText(gateway) }) }]
  })
  return [...own, ...routes]
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}

/** The IPv4 default route with the lowest metric, and the address that traffic over it comes from. */
export function parseDefaultRoute(
  sections: Sections,
  addresses: readonly HostAddress[],
  table: readonly Route[],
): HostFacts['defaultRoute'] {
  const routes = sections('default-route').map(line => ({
    device: /\bdev (\S+)/.exec(line)?.[1] ?? '',
    source: /\bsrc (\S+)/.exec(line)?.[1],
    metric: Number(/\bmetric (\d+)/.exec(line)?.[1] ?? 0),
  }))
  const fallback = table
    .filter(route => route.destination === 0 && route.mask === 0)
    .map(({ device, metric }) => ({ device, metric, source: undefined }))
  const best = (routes.length > 0 ? routes : fallback)
    .filter(route => route.device !== '')
    .sort((a, b) => a.metric - b.metric)[0]
  if (best === undefined) return undefined
  const address = best.source ?? addressOn(best.device, addresses, table)
  if (address === undefined || isIP(address) === 0) return undefined
  return { interface: best.device, address }
}

/** Listening TCP sockets of `ss -ltnp`, or of /proc/net/tcp and tcp6 where there is no `ss`. */
export function parseListening(sections: Sections): HostFacts['listening'] {
  const lines = sections('listening').filter(line => line.startsWith('LISTEN'))
  if (lines.length === 0) return sections('tcp').flatMap(parseSocket)
  return lines.flatMap(line => {
    const local = line.split(/\s+/)[3] ?? ''
    const [, address, port] = /^(.*):(\d+)$/.exec(local) ?? []
    if (address === undefined || port === undefined) return []
    const bare = address.replace(/%[^\]]*/, '').replace(/^\[(.*)\]$/, '$1')
    return [{ port: Number(port), address: bare === '*' ? '::' : bare, process: /\(\("([^"]*)"/.exec(line)?.[1] ?? '' }]
  })
}

function addressOn(device: string, addresses: readonly HostAddress[], table: readonly Route[]): string | undefined {
  const candidates = addresses.filter(({ address }) => isIPv4(address))
  const named = candidates.filter(one => one.device === device)
  const primary = named.find(one => !one.secondary) ?? named[0]
  if (primary !== undefined) return primary.address
  // Without `ip` nothing says which device an address is on, but the device's own network does.
  const networks = table.filter(route => route.device === device && route.mask !== 0).slice(0, mostCompared)
  return candidates
    .slice(0, mostCompared)
    .find(({ address }) => networks.some(({ destination, mask }) => (toNumber(address) & mask) >>> 0 === destination))
    ?.address
}

/**
 * Routes of /proc/net/route, whose columns are device, destination, gateway, flags, references, use, metric, mask; numbers
 * in host order, hex.
 */
export function parseRouteTable(lines: readonly string[]): readonly Route[] {
  return lines
    .map(line => line.trim().split(/\s+/))
    .filter(columns => [1, 2, 7].every(column => /^[0-9A-F]{8}$/.test(columns[column] ?? '')))
    .map(columns => ({
      device: columns[0]!,
      destination: toNumber(fromHex(columns[1]!)),
      metric: Number(columns[6]),
      mask: toNumber(fromHex(columns[7] ?? '')),
      gateway: toNumber(fromHex(columns[2] ?? '')),
    }))
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

// Columns of /proc/net/tcp: slot, local address:port, remote, state (0A = listening).
function parseSocket(line: string): HostFacts['listening'] {
  const [, local = '', , state] = line.trim().split(/\s+/)
  const [hex = '', port = ''] = local.split(':')
  if (state !== '0A' || !/^(?:[0-9A-F]{8}|[0-9A-F]{32})$/i.test(hex) || !/^[0-9A-F]{1,4}$/i.test(port)) return []
  const address = hex.length === 8 ? fromHex(hex) : compressIPv6((hex.match(/.{8}/g) ?? []).map(reverseBytes).join(''))
  return [{ port: Number.parseInt(port, 16), address, process: '' }]
}

// /proc/net shows each 32-bit word as the machine stores it; all machines that Kubernetes supports here are little-endian.
function reverseBytes(word: string): string {
  return (word.match(/../g) ?? []).reverse().join('')
}

function fromHex(hex: string): string {
  return (reverseBytes(hex).match(/../g) ?? []).map(byte => Number.parseInt(byte, 16)).join('.')
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, byte) => ((sum << 8) | Number(byte)) >>> 0, 0)
}

function toText(number: number): string {
  return [24, 16, 8, 0].map(shift => (number >>> shift) & 255).join('.')
}

function prefixOf(mask: number): number {
  return mask.toString(2).replaceAll('0', '').length
}

// The URL parser writes IPv6 addresses in the one form of RFC 5952.
function compressIPv6(hex: string): string {
  const groups = (hex.match(/.{4}/g) ?? []).join(':')
  return new URL(`http://[${groups}]`).hostname.slice(1, -1)
}
