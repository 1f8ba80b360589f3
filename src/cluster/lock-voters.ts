import type { ClusterSpec } from '../config/index.ts'
import { isControlPlane } from './nodes.ts'

/**
 * The hosts that keep the run lock: all control plane nodes of cluster.yaml and, if their number is even, one more host, so
 * that with two control plane nodes the lock survives the loss of one. A run needs a majority of these hosts and asks them
 * in this order. The list depends on the file alone, and neither on the command nor on which hosts answer, so that two runs that reach
 * different hosts need the same lock.
 */
export function lockVoters({ hosts }: Pick<ClusterSpec, 'hosts'>): readonly string[] {
  const controlPlane = hosts.filter(isControlPlane)
  const others = hosts.filter(host => !controlPlane.includes(host))
  const tieBreaker = controlPlane.length % 2 === 0 ? others.slice(0, 1) : []
  return [...controlPlane, ...tieBreaker].map(({ name }) => name)
}

/**
 * The control plane nodes that leave by cluster.yaml. They keep no lock of a run with this file, but they may keep that of a run with the
 * file from before.
 */
export function lockWitnesses({ leaving }: Pick<ClusterSpec, 'leaving'>): readonly string[] {
  return leaving.filter(isControlPlane).map(({ name }) => name)
}
