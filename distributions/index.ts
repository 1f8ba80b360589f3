import type { ClusterSpec, Distribution } from '../src/index.ts'
import { kubeadm } from './kubeadm/index.ts'

/** The distribution of a cluster. It has everything in which distributions differ. */
export function distributionOf(_spec: ClusterSpec): Distribution {
  return kubeadm
}
