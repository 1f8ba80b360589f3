import { kubeadmUnfinished } from '../core/kubeadm-unfinished.ts'
import { syncLine } from '../shell/on-disk.ts'
import { quote } from '../shell/quote.ts'
import { forgetFormerNode } from './former-node.ts'
import { resetFunctions } from './kubeadm-reset.ts'
import { stateFolder } from './kubeadm-state.ts'
import { watchedFunction } from './kubeadm-watch.ts'
import { initWrote } from './kubectl.ts'
import { kubeletFailureScript } from './kubelet-evidence.ts'
import { recordKubeletStart } from './kubelet-files.ts'
import { manifestFolder, printEtcdServers } from './static-pods.ts'

export interface InitScriptOptions {
  /** File with the kubeadm documents. */
  readonly configuration: string
  /** Of the container runtime, whose containers a reset removes. */
  readonly criSocket: string
  /** Data directory of the stacked etcd; undefined where etcd is not kubeadm's. */
  readonly etcdData: string | undefined
  /** Whether the InitConfiguration leaves out kubeadm's own preflight. */
  readonly skipsPreflight: boolean
}

/** The script that makes the first control plane node, and resets before what a run that was cut off has left. */
export function initScript({ configuration, criSocket, etcdData, skipsPreflight }: InitScriptOptions): string {
  const leave = etcdData === undefined ? noteEtcd : ''
  return `${kubeletFailureScript}${watchedFunction}mkdir -p ${stateFolder}
systemctl daemon-reload
systemctl enable --quiet kubelet
${resetFunctions({ run: 'init', criSocket, etcdData, leave })}if ${kubeadmUnfinished}; then
  echo 'removing what an interrupted run of kubeadm left'
  reset_host
fi
${skipsPreflight ? '' : `kubeadm init phase preflight --config ${quote(configuration)}\n`}${forgetFormerNode}begin
watched kubeadm init --config ${quote(configuration)} --skip-token-print --skip-certificate-key-print || {
  status=$?
  evidence
  exit "$status"
}
${recordKubeletStart}`
}

// An API server writes to etcd from when it has a manifest; its keys stay there when that is gone.
const noteEtcd = `if [ -s ${manifestFolder}/kube-apiserver.yaml ]; then
  ${printEtcdServers} >>${initWrote}
  ${syncLine(initWrote)}
fi
`
