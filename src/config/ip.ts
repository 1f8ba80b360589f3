import { isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'

/** An IPv4 range whose address is the first one in it. */
export interface Ipv4Range {
  /** Canonical form, `10.244.0.0/16`. */
  readonly text: string
  readonly prefix: number
  readonly first: number
  readonly last: number
}

/** Parses a range such as `10.244.1.0/16`, and ignores its host bits; undefined if the text is no IPv4 range. */
export function parseIpv4Range(text: string): Ipv4Range | undefined {
  const [address = '', length = ''] = text.split('/')
  const prefix = Number(length)
  if (!isIPv4(address) || !/^\d{1,2}$/.test(length) || prefix > 32) return undefined
  const size = 2 ** (32 - prefix)
  const first = Math.floor(ipv4Number(address) / size) * size
  return { text: `${ipv4Text(first)}/${prefix}`, prefix, first, last: first + size - 1 }
}

/** Whether an IPv4 address lies in a range. */
export function inRange(address: string, range: Ipv4Range): boolean {
  const number = ipv4Number(address)
  return isIPv4(address) && number >= range.first && number <= range.last
}

export function overlap(a: Ipv4Range, b: Ipv4Range): boolean {
  return a.first <= b.last && b.first <= a.last
}

/** The canonical form of an IP address, so that two can be compared; undefined for anything else. */
export function canonicalIp(text: string): string | undefined {
  // ipaddr.js alone would take 10.1 and 0x7f.1 for IPv4 addresses.
  if (!isIPv4(text) && !text.includes(':')) return undefined
  return ipaddr.isValid(text) ? ipaddr.process(text).toString() : undefined
}

/** The kind of an address (`unicast`, `private`, `loopback`, `multicast`, …) according to the IANA registries. */
export function ipKind(address: string): string {
  return ipaddr.process(address).range()
}

function ipv4Number(text: string): number {
  return text.split('.').reduce((number, part) => number * 256 + Number(part), 0)
}

function ipv4Text(number: number): string {
  return [24, 16, 8, 0].map(shift => Math.floor(number / 2 ** shift) % 256).join('.')
}
