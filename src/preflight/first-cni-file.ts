import { type Inventory, quoteAll } from '../index.ts'
import { isOwnCniFile } from './pod-network.ts'
import type { HostNote } from './taken-over.ts'

/**
 * Notes about nodes whose pods get their addresses from a pod network other than the cluster's. Every runtime uses the
 * first file in /etc/cni/net.d, by name, when it starts or a file changes: such a node stays Ready, but its new pods reach
 * no other node. Files on a node may belong to its administrator, so this is a note and stops nothing.
 */
export function otherPodNetworks({ spec, facts }: Pick<Inventory, 'spec' | 'facts'>): readonly HostNote[] {
  if (spec.network.cni === 'none' || spec.preflight.ignore.includes('cniFiles')) return []
  return spec.hosts.flatMap(host => {
    const known = facts.get(host.name)
    if (known === undefined || !known.kubernetes.kubeletConf) return []
    const files = [...known.remains.cniFiles].sort()
    const own = files.findIndex(path => isOwnCniFile(spec, path))
    const before = own < 0 ? files : files.slice(0, own)
    if (before.length === 0) return []
    const text = `New pods get addresses from ${before[0]}, not from ${spec.network.cni}, and reach no other node. If nothing needs ${before.length === 1 ? 'it' : 'these'} any more: mkdir -p /root/cni-before && mv -- ${quoteAll(before)} /root/cni-before/   Then delete the pods that have such addresses (kubectl get pods -A -o wide). If this is intended, set spec.preflight.ignore: [cniFiles]`
    return [{ host: host.name, text }]
  })
}
