import type { ClusterSpec, Distribution } from '../src/index.ts'
import { kubeadm } from './kubeadm/index.ts'

/** What makes the cluster of a file. Everything that differs from one distribution to another is asked of the result. */
export function distributionOf(_spec: ClusterSpec): Distribution {
  return kubeadm
}
