import { type ClusterSpec, type Machine, runtimes, taintsFor } from '../../src/index.ts'

/** What kubeadm is told of a host that it makes a node of. */
export function nodeOf({ runtime }: ClusterSpec, { name, host, address }: Machine) {
  return { name, address, criSocket: runtimes[runtime.name].socket, taints: taintsFor(host) }
}
