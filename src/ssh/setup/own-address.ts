import { lookup } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'

/** Whether a host name or address belongs to this machine. False for a name that cannot be resolved. */
export async function isOwnAddress(host: string): Promise<boolean> {
  const own = Object.values(networkInterfaces()).flatMap(addresses => addresses?.map(({ address }) => address) ?? [])
  const found = await lookup(host, { all: true }).catch(() => [])
  // All of 127.0.0.0/8 is this machine, not only the address that the interface lists.
  return found.some(({ address }) => address.startsWith('127.') || own.includes(address))
}
