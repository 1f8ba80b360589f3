import { BlockList, isIPv4 } from 'node:net'

/** Recognises addresses that cannot be from the cluster's pod range; none for a range that is not IPv4. */
export function outsideOf(podCIDR: string): (address: string) => boolean {
  const [first = '', prefix] = podCIDR.split('/')
  if (!isIPv4(first)) return () => false
  const range = new BlockList()
  range.addSubnet(first, Number(prefix))
  return address => isIPv4(address) && !range.check(address)
}
