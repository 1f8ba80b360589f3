import type { HostFacts } from '../index.ts'

/** Whether the host is a node already. Files on it then belong to the cluster or to its administrator. */
export function isNodeAlready({ kubernetes, remains }: HostFacts): boolean {
  return (kubernetes.kubeletConf || kubernetes.adminConf) && !remains.begun
}

/**
 * Whether the host is a node already, or evcctl was making it one when it was interrupted. Files and interfaces of a
 * cluster are then its own. Where they do not fit together, kubeadm refuses them or evcctl resets the host.
 */
export function isOrWasBegun(facts: HostFacts): boolean {
  return isNodeAlready(facts) || facts.remains.begun
}
