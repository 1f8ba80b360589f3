import { lookup } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'

/** Whether a host name or address is one of this machine. A name that cannot be resolved is none. */
export async function isOwnAddress(host: string): Promise<boolean> {
  const own = Object.values(networkInterfaces()).flatMap(addresses => addresses?.map(({ address }) => address) ?? [])
  const found = await lookup(host, { all: true }).catch(() => [])
  // All of 127.0.0.0/8 is this machine, not only the address that the interface lists.
  return found.some(({ address }) => address.startsWith('127.') || own.includes(address))
}
