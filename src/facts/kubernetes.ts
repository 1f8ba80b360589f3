import type { FactModule } from '../core/facts.ts'
import { kubeadmUnfinished } from './kubeadm-unfinished.ts'

export interface KubernetesFacts {
  readonly kubernetes: {
    /** Which of these files of an earlier kubeadm run exist. */
    readonly kubeletConf: boolean
    readonly adminConf: boolean
    /** Whether it is a control plane node: all of an API server is there, and no run of kubeadm was cut off. */
    readonly controlPlane: boolean
  }
}

export const kubernetesFacts: FactModule<KubernetesFacts> = {
  script: `at kubernetes
for name in kubelet admin; do [ ! -e "/etc/kubernetes/$name.conf" ] || echo "$name.conf"; done
[ ! -s /etc/kubernetes/admin.conf ] || [ ! -s /etc/kubernetes/manifests/kube-apiserver.yaml ] ||
  { ${kubeadmUnfinished}; } || echo control-plane
`,
  parse(sections) {
    const lines = sections('kubernetes')
    return {
      kubernetes: {
        kubeletConf: lines.includes('kubelet.conf'),
        adminConf: lines.includes('admin.conf'),
        controlPlane: lines.includes('control-plane'),
      },
    }
  },
}
