import { isIP, isIPv4 } from 'node:net'
import type { Sections } from '../core/facts.ts'
import { type HostAddress, isLoopback } from './addresses.ts'
import { fromHex } from './proc-net.ts'

// Each address is compared with each network of a device. The host decides how many there are, so both have this limit.
const mostCompared = 1000

/** An IPv4 network that contains an address of the host, or to which the host has a route other than the default. */
export interface HostNetwork {
  /** CIDR, e.g. `192.0.2.0/24`. */
  readonly range: string
  readonly device: string
  /** Address of the router; undefined where the network is on the device itself. */
  readonly gateway?: string
}

/** Interface and source address of the IPv4 default route. */
export interface DefaultRoute {
  readonly interface: string
  readonly address: string
}

/** A route of the kernel, with addresses as numbers. */
export interface Route {
  readonly device: string
  readonly destination: number
  readonly mask: number
  /** 0 when the network is on the device itself. */
  readonly gateway: number
  readonly metric: number
}

/**
 * Reads the routes of /proc/net/route. Its columns are device, destination, gateway, flags, references, use, metric and
 * mask; addresses are hexadecimal, in the byte order of the host.
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

/** The IPv4 networks of the host's own addresses, and those of its routes, without the default route. */
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

/** The IPv4 default route with the lowest metric, and the source address of traffic over it. */
export function parseDefaultRoute(
  sections: Sections,
  addresses: readonly HostAddress[],
  table: readonly Route[],
): DefaultRoute | undefined {
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

function addressOn(device: string, addresses: readonly HostAddress[], table: readonly Route[]): string | undefined {
  const candidates = addresses.filter(({ address }) => isIPv4(address))
  const named = candidates.filter(one => one.device === device)
  const primary = named.find(one => !one.secondary) ?? named[0]
  if (primary !== undefined) return primary.address
  // Without `ip`, no address has a device. The address that lies in a network of this device is then the right one.
  const networks = table.filter(route => route.device === device && route.mask !== 0).slice(0, mostCompared)
  return candidates
    .slice(0, mostCompared)
    .find(({ address }) => networks.some(({ destination, mask }) => (toNumber(address) & mask) >>> 0 === destination))
    ?.address
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
