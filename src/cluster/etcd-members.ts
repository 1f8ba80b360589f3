import { isIP } from 'node:net'
import type { ClusterSpec } from '../config/index.ts'
import { UserError } from '../core/index.ts'
import type { EtcdHost } from '../resources/etcd/index.ts'
import type { Machine } from './machines.ts'
import { isEtcdHost } from './nodes.ts'
import { privateAddressOf } from './private-address.ts'

/** All etcd members of cluster.yaml, also those that cannot be reached now. Throws UserError if an address is not known. */
export function etcdMembers(spec: ClusterSpec, machines: readonly Machine[]): readonly EtcdHost[] {
  const answered = new Map(machines.map(({ host, address }) => [host, address]))
  return spec.hosts.filter(isEtcdHost).map(host => {
    const { name } = host
    const address = answered.get(host) ?? privateAddressOf(host)
    if (address === undefined) {
      throw new UserError({
        where: name,
        problem: 'This etcd host cannot be reached, and cluster.yaml does not have its address.',
        next: `Set privateAddress of ${name}, or find out why: evcctl ping ${spec.file}`,
      })
    }
    const at = isIP(address) === 6 ? `[${address}]` : address
    return { name, peerURL: `https://${at}:2380`, clientURL: `https://${at}:2379` }
  })
}

/** Whether evcctl runs an external etcd on hosts with the role etcd. */
export function hasEtcdHosts({ etcd }: ClusterSpec): boolean {
  return etcd.topology === 'external' && etcd.managed
}
