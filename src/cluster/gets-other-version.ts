import type { ClusterSpec } from '../config/index.ts'
import type { Machine } from './machines.ts'

/**
 * Whether a machine is a node whose API server or kubelet has another version than the file wants. A host that evcctl only
 * began to make a node is none.
 */
export function getsOtherVersion(
  { kubernetes: { version } }: Pick<ClusterSpec, 'kubernetes'>,
  { facts: { kubernetes, remains } }: Pick<Machine, 'facts'>,
): boolean {
  const { apiServer = version, kubelet = version, kubeletConf } = kubernetes
  return kubeletConf && !remains.begun && (apiServer !== version || kubelet !== version)
}
