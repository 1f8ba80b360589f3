import { etcdLeaving } from '../../roles/etcd/index.ts'
import type { Site } from '../../src/index.ts'
import type { ControlPlane } from './declare-control-plane.ts'
import type { Etcd } from './declare-etcd.ts'

/**
 * The members that are not in cluster.yaml any more leave last, when no API server asks them. Where no etcd host has data
 * there is no cluster yet, and nobody to leave.
 */
export function retireEtcdMembers(on: Site, etcd: Etcd, { configured }: ControlPlane): void {
  if (etcd.is !== 'managed' || etcd.removal === undefined) return
  const after = [...etcd.healthy, ...configured.values()]
  on.declare(etcdLeaving, etcd.removal.name, { ...etcd.removal, of: 'former', after })
}
