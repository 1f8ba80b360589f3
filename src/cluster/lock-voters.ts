import type { ClusterSpec } from '../config/index.ts'
import { isControlPlane } from './nodes.ts'

/**
 * The hosts that keep the run lock: all control plane nodes of cluster.yaml, and one more host where their number is even,
 * so that the lock survives the loss of one of two. A run needs a majority of them, in this order. It follows from the file
 * alone and not from who answers, so that two runs that reach different hosts ask for the same lock.
 */
export function lockVoters({ hosts }: Pick<ClusterSpec, 'hosts'>): readonly string[] {
  const controlPlane = hosts.filter(isControlPlane)
  const others = hosts.filter(host => !controlPlane.includes(host))
  const tieBreaker = controlPlane.length % 2 === 0 ? others.slice(0, 1) : []
  return [...controlPlane, ...tieBreaker].map(({ name }) => name)
}
