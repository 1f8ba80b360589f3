import type { Task } from '../core/task.ts'
import { file } from '../resources/files/index.ts'
import {
  type ClusterDocuments,
  type KubeletFlag,
  type NodeSettings,
  renderDocuments,
  uploadConfiguration,
} from '../resources/kubeadm/index.ts'
import type { KubernetesDocument } from '../resources/support/index.ts'

/** What the roles of control plane nodes are given: of the one that runs kubeadm init, and of those that join. */
export interface ControlPlaneNodeParameters {
  /** Path of cluster.yaml, for messages. */
  readonly file: string
  readonly node: Omit<NodeSettings, 'ignorePreflightErrors'>
  /** The documents that all nodes share. */
  readonly documents: ClusterDocuments
  /** Laid over the InitConfiguration, from which static pods are made again when the cluster's settings change. */
  readonly initPatch: KubernetesDocument
  /** `host:port` of the API as this host reaches it. */
  readonly endpoint: string
  /** Port of kube-apiserver. */
  readonly bindPort: number
  readonly ignorePreflightErrors: readonly string[]
  /** All that kubeadm needs on this host. */
  readonly after: readonly Task[]
}

export interface ControlPlaneNodeOutputs {
  /** Done when its static pods are those of the documents. */
  readonly configured: Task
  /** Flags of its kubelet. */
  readonly kubeletFlags: readonly KubeletFlag[]
}

/**
 * The file with the documents that certificates are uploaded with, where it is another one than kubeadmFile: with an
 * external etcd, what the API servers show to it does not travel. Every control plane node has it, since any may be the
 * one through which the cluster is worked on.
 */
export function uploadFile(init: KubernetesDocument, cluster: KubernetesDocument) {
  const upload = uploadConfiguration(cluster)
  if (upload === cluster) return undefined
  return file({ path: '/etc/evcctl/kubeadm-upload-certs.yaml', mode: 0o600, content: renderDocuments([init, upload]) })
}
