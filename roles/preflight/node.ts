import type { HostFacts } from '../../src/index.ts'

/**
 * Whether the host is a node already, or one that evcctl was making when it was cut off: what lies there then is the
 * cluster's own. kubeadm itself refuses, or evcctl resets, what does not fit together.
 */
export function isOrWasBegun({ kubernetes, remains }: HostFacts): boolean {
  return kubernetes.kubeletConf || kubernetes.adminConf || remains?.begun === true
}
