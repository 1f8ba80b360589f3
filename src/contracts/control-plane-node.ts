import type { Task } from '../core/task.ts'
import type { ImageStore } from '../resources/artifacts/index.ts'
import { file } from '../resources/files/index.ts'
import {
  type ClusterDocuments,
  type KubeletFlag,
  type NodeSettings,
  renderDocuments,
  uploadConfiguration,
} from '../resources/kubeadm/index.ts'
import type { KubernetesDocument } from '../resources/support/index.ts'

/** The parameters of both roles of control plane nodes: the first one (kubeadm init) and those that join. */
export interface ControlPlaneNodeParameters {
  /** Path of cluster.yaml, for messages. */
  readonly file: string
  readonly node: Omit<NodeSettings, 'ignorePreflightErrors'>
  /** The documents that all nodes share. */
  readonly documents: ClusterDocuments
  /** Merged into the InitConfiguration, from which kubeadm creates the static pods again when the cluster's settings change. */
  readonly initPatch: KubernetesDocument
  /** `host:port` of the API as this host reaches it. */
  readonly endpoint: string
  /** Port of kube-apiserver. */
  readonly bindPort: number
  readonly ignorePreflightErrors: readonly string[]
  /** A version that its API server has before `configured`; undefined: the one that it has now. */
  readonly passed?: string | undefined
  /** The container runtime of the node. */
  readonly store: ImageStore
  /** Certificates of the node are renewed when one of them has fewer days left. */
  readonly renewDays: number
  /** Everything that kubeadm needs on this host. */
  readonly after: readonly Task[]
}

export interface ControlPlaneNodeOutputs {
  /** Done when the static pods of the node match the documents. */
  readonly configured: Task
  /** Flags of the node's kubelet. */
  readonly kubeletFlags: readonly KubeletFlag[]
}

/**
 * The file with the documents for the upload of certificates, where it is not kubeadmFile: with an external etcd, the
 * client certificate of each API server stays on its host. Every control plane node has this file, because a run may
 * change the cluster through any of them.
 */
export function uploadFile(init: KubernetesDocument, cluster: KubernetesDocument) {
  const upload = uploadConfiguration(cluster)
  if (upload === cluster) return undefined
  return file({ path: '/etc/evcctl/kubeadm-upload-certs.yaml', mode: 0o600, content: renderDocuments([init, upload]) })
}
