import { makeCa } from '../../roles/ca-rotation/index.ts'
import { containerd } from '../../roles/containerd/index.ts'
import { criO } from '../../roles/cri-o/index.ts'
import { docker } from '../../roles/docker/index.ts'
import { images } from '../../roles/images/index.ts'
import { kubelet } from '../../roles/kubelet/index.ts'
import { kubernetesBinaries } from '../../roles/kubernetes-binaries/index.ts'
import { kubeadmConfigurationKind, nodeCertificatesKind, type RolledWork } from '../../src/index.ts'

/** Work that can take a running node out of the cluster. Images are part of it because they can fill the disk. */
export const rolled: RolledWork = {
  roles: [containerd, criO, docker, images, kubernetesBinaries, kubelet, makeCa].map(({ name }) => name),
  kinds: [kubeadmConfigurationKind, nodeCertificatesKind],
}
