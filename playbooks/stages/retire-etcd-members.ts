import { etcdLeaving } from '../../roles/etcd/index.ts'
import type { Site, Task } from '../../src/index.ts'
import type { ControlPlane } from './declare-control-plane.ts'
import type { Etcd } from './declare-etcd.ts'

/**
 * Removes members that are no longer in cluster.yaml. This comes last, when no API server uses them. If no etcd host has
 * data, there is no cluster yet, and no member has to leave. Returns the task that is done when they have left.
 */
export function retireEtcdMembers(on: Site, etcd: Etcd, { configured }: ControlPlane): readonly Task[] {
  if (etcd.is !== 'managed' || etcd.removal === undefined) return []
  const after = [...etcd.healthy, ...configured.values()]
  return [on.declare(etcdLeaving, etcd.removal.name, { ...etcd.removal, of: 'former', after }).left]
}
