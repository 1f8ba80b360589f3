import { z } from 'zod'
import {
  type BootstrapToken,
  type ClusterDocuments,
  type ClusterIdentity,
  clusterRecord,
  controlPlaneConfiguration,
  controlPlaneJoin,
  controlPlaneJoinConfiguration,
  defineRole,
  etcdDataOf,
  file,
  initConfiguration,
  type KubeletFlag,
  kubeadmFile,
  kubeletFlagsOf,
  kubeletRecord,
  type Output,
  renderDocuments,
  type Secret,
  type Task,
} from '../../src/index.ts'

const document = z.record(z.string(), z.unknown())

const parameters = z.strictObject({
  /** Path of cluster.yaml, for messages. */
  file: z.string(),
  node: z.strictObject({
    name: z.string(),
    address: z.string(),
    /** Of the container runtime. */
    criSocket: z.string(),
    taints: z.array(z.strictObject({ key: z.string(), value: z.string().optional(), effect: z.string() })),
  }),
  /** Addresses of the other control plane nodes, the first one first. */
  others: z.array(z.string()).min(1),
  /** The documents that all nodes share. */
  documents: z.custom<ClusterDocuments>(),
  /** Laid over the InitConfiguration, from which its static pods are made again when the cluster's settings change. */
  initPatch: document,
  /** Laid over the JoinConfiguration. */
  joinPatch: document,
  /** `host:port` of the API as this host reaches it. */
  endpoint: z.string(),
  /** Port of kube-apiserver. */
  bindPort: z.number(),
  identity: z.custom<Output<ClusterIdentity>>(),
  token: z.custom<Output<BootstrapToken>>(),
  certificateKey: z.custom<Output<Secret>>(),
  ignorePreflightErrors: z.array(z.string()),
  /** All that kubeadm join needs on this host, and the cluster's configuration as it is to be. */
  after: z.array(z.custom<Task>()),
  /** The control plane node whose static pods are changed before those of this one. */
  previous: z.custom<Task>(),
})

export type ControlPlaneJoinRoleParameters = z.output<typeof parameters>

export interface ControlPlaneJoinOutputs {
  readonly joined: Task
  /** Done when its static pods are those of the documents. */
  readonly configured: Task
  /** Flags of its kubelet. */
  readonly kubeletFlags: readonly KubeletFlag[]
}

/** A control plane node beside the first: kubeadm join, and later changes of what its static pods are made with. */
export const joinControlPlane = defineRole<ControlPlaneJoinRoleParameters, ControlPlaneJoinOutputs>({
  name: 'control-plane-join',
  params: parameters,
  declare(scope, params) {
    const { documents, node, bindPort, endpoint, ignorePreflightErrors } = params
    const init = initConfiguration({ ...node, bindPort, ignorePreflightErrors, patch: params.initPatch })
    const { cluster, kubelet, kubeProxy } = documents
    // The same documents as on the first one: any of them can take its place.
    const all = [init, cluster, kubelet, ...(kubeProxy === undefined ? [] : [kubeProxy])]
    const written = scope.add(file({ path: kubeadmFile, mode: 0o600, content: renderDocuments(all) }))
    const configuration = controlPlaneJoinConfiguration({
      ...node,
      bindPort,
      endpoint,
      ignorePreflightErrors,
      patch: params.joinPatch,
    })
    const join = controlPlaneJoin({
      configuration,
      address: node.address,
      others: params.others,
      ...etcdDataOf(cluster),
      token: params.token,
      certificateKey: params.certificateKey,
      caHash: params.identity.map(({ caHash }) => caHash),
      records: [clusterRecord(documents), kubeletRecord(kubelet)],
    })
    const joined = scope.add(join, { after: params.after })
    const configured = scope.add(
      controlPlaneConfiguration({
        configuration: kubeadmFile,
        documents,
        advertiseAddress: node.address,
        bindPort,
        file: params.file,
      }),
      { after: [written, joined, params.previous] },
    )
    return { joined, configured, kubeletFlags: kubeletFlagsOf(configuration) }
  },
})
