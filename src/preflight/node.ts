import type { HostFacts } from '../index.ts'

/** Whether the host is a node already: what lies there then is the cluster's own, or its administrator's. */
export function isNodeAlready({ kubernetes, remains }: HostFacts): boolean {
  return (kubernetes.kubeletConf || kubernetes.adminConf) && !remains.begun
}

/**
 * Whether the host is a node already, or one that evcctl was making when it was cut off: files and interfaces of a cluster
 * are then its own. kubeadm itself refuses, or evcctl resets, what does not fit together.
 */
export function isOrWasBegun(facts: HostFacts): boolean {
  return isNodeAlready(facts) || facts.remains.begun
}
