import { z } from 'zod'
import type { Task } from '../core/task.ts'
import { file } from '../resources/files/index.ts'
import {
  type ClusterDocuments,
  type KubeletFlag,
  renderDocuments,
  uploadConfiguration,
} from '../resources/kubeadm/index.ts'
import type { KubernetesDocument } from '../resources/support/index.ts'

/** A kubeadm document, or a part of one. */
export const kubernetesDocument = z.record(z.string(), z.unknown())

/** What the roles of control plane nodes are given: of the one that runs kubeadm init, and of those that join. */
export const controlPlaneNodeParameters = z.strictObject({
  /** Path of cluster.yaml, for messages. */
  file: z.string(),
  node: z.strictObject({
    name: z.string(),
    address: z.string(),
    /** Of the container runtime. */
    criSocket: z.string(),
    taints: z.array(z.strictObject({ key: z.string(), value: z.string().optional(), effect: z.string() })),
  }),
  /** The documents that all nodes share. */
  documents: z.custom<ClusterDocuments>(),
  /** Laid over the InitConfiguration, from which static pods are made again when the cluster's settings change. */
  initPatch: kubernetesDocument,
  /** `host:port` of the API as this host reaches it. */
  endpoint: z.string(),
  /** Port of kube-apiserver. */
  bindPort: z.number(),
  ignorePreflightErrors: z.array(z.string()),
  /** All that kubeadm needs on this host. */
  after: z.array(z.custom<Task>()),
})

export type ControlPlaneNodeParameters = z.output<typeof controlPlaneNodeParameters>

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
