import { type ApiAccess, kubectl } from '../api/index.ts'
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

/**
 * A command of sh that succeeds when one certain API server is ready. At the endpoint in admin.conf, any of the cluster may answer.
 *
 * @param server its URL, as a word of sh
 */
export function apiReady(server: string): string {
  return `${kubectl(kubeadmApi, 5)} --server=${server} get --raw /readyz >/dev/null 2>&1`
}
