import type { ApiAccess } from '../api/index.ts'
import { kubeletClientPath } from '../kubelet/index.ts'
import { kubeadmUnfinished } from './unfinished.ts'

/** The paths that kubeadm uses; kubectl is where the kubernetes-binaries role installs it. */
export const kubeadmApi: ApiAccess = {
  adminConf: '/etc/kubernetes/admin.conf',
  kubectl: '/usr/local/bin/kubectl',
  kubectlFile: '/usr/local/bin/kubectl',
  ca: '/etc/kubernetes/pki/ca.crt',
  kubeletConf: '/etc/kubernetes/kubelet.conf',
  kubeletCertificate: { certificate: kubeletClientPath },
  unfinished: kubeadmUnfinished,
}
