import { type ClusterSpec, type Machine, runtimes, taintsFor } from '../../src/index.ts'

/** What kubeadm needs to know about a host that becomes a node. */
export function nodeOf({ runtime }: ClusterSpec, { name, host, address }: Machine) {
  return { name, address, criSocket: runtimes[runtime.name].socket, taints: taintsFor(host) }
}
