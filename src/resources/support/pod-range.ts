import { BlockList, isIPv4 } from 'node:net'

/** Tells the addresses that the cluster's network cannot have given to a pod; of a range that is not of IPv4 it tells none. */
export function outsideOf(podCIDR: string): (address: string) => boolean {
  const [first = '', prefix] = podCIDR.split('/')
  if (!isIPv4(first)) return () => false
  const range = new BlockList()
  range.addSubnet(first, Number(prefix))
  return address => isIPv4(address) && !range.check(address)
}
