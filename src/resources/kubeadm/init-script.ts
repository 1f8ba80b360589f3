import { syncLine } from '../../shell/on-disk.ts'
import { quote } from '../../shell/quote.ts'
import { kubeletFailureScript, recordKubeletStart } from '../kubelet/index.ts'
import { stateFolder } from '../support/index.ts'
import { forgetFormerNode } from './former-node.ts'
import { initWrote } from './marks.ts'
import { needNoOthers } from './other-nodes.ts'
import { resetFunctions } from './reset.ts'
import { manifestFolder, printEtcdServers } from './static-pods.ts'
import { kubeadmUnfinished } from './unfinished.ts'
import { watchedFunction } from './watch.ts'

export interface InitScriptOptions {
  /** File with the kubeadm documents. */
  readonly configuration: string
  /** Name of the node. */
  readonly node: string
  /** CRI socket of the container runtime, whose containers a reset removes. */
  readonly criSocket: string
  /** Data directory of the stacked etcd; undefined where kubeadm does not run etcd. */
  readonly etcdData: string | undefined
  /** Whether the InitConfiguration skips kubeadm's own preflight. */
  readonly skipsPreflight: boolean
}

/** The script that creates the first control plane node. It first undoes a run that was cut off, by a reset. */
export function initScript({ configuration, node, criSocket, etcdData, skipsPreflight }: InitScriptOptions): string {
  const leave = `${needNoOthers(node)}${etcdData === undefined ? noteEtcd : ''}`
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

// An API server writes to etcd from the moment when it has a manifest; its keys stay there when the manifest is gone.
const noteEtcd = `if [ -s ${manifestFolder}/kube-apiserver.yaml ]; then
  ${printEtcdServers} >>${initWrote}
  ${syncLine(initWrote)}
fi
`
